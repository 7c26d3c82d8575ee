#pragma once

#include <string>

#include "inspect.h"

namespace segforge::cli {

std::string InspectJson(const ModelReport& report, const InspectOptions& options);

}  // namespace segforge::cli
