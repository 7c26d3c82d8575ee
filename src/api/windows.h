// Where sliding windows lie.
#pragma once

#include <vector>

#include "image/preprocess.h"

namespace segforge {

struct Window {
  int64_t y = 0;
  int64_t x = 0;
  int64_t height = 0;
  int64_t width = 0;
  friend bool operator==(const Window&, const Window&) = default;
};

// Row by row, as mmseg's slide_inference places them: ceil((side - crop) / stride) + 1 along each side, the
// last ones moved inwards so that they end with the image. All have one size, min(crop, image). Sides and
// strides are at least 1; with a stride above the crop pixels would be left out.
std::vector<Window> SlideWindows(ImageSize image, ImageSize crop, ImageSize stride);

}  // namespace segforge
