// How clear a choice of class was.
#pragma once

#include "eval/agreement.h"

namespace segforge {

// The greatest logit less the second at pixel (y, x) of a height x width map, of logits upsampled to it as
// the label kernels do (bilinear, half-pixel centres). At least two classes; 0 for one.
float TopTwoMargin(const LogitView& logits, int64_t height, int64_t width, int64_t y, int64_t x);

}  // namespace segforge
