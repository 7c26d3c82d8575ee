#pragma once

#include <string>

#include "ir/op.h"

namespace segforge {

std::string ToString(const Attributes& attributes);  // "stride 4, pad 3"; "" for an op that has none

}  // namespace segforge
