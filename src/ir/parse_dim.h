// Sizes as they are printed, read back.
#pragma once

#include <string_view>

#include "ir/dim.h"

namespace segforge {

// What Dim::ToString printed: "ceil(H/4)", "2*N + 1". The text is not trusted: kInvalidInput for another one,
// for a number above 2^30, and for quotients nested deeper than any network has them.
Result<Dim> ParseDim(std::string_view text);

}  // namespace segforge
