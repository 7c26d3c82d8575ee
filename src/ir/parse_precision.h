#pragma once

#include "base/status.h"
#include "ir/precision.h"

namespace segforge {

Result<Precision> ParsePrecision(std::string_view name);  // kInvalidInput for another name than NameOf gives

}  // namespace segforge
