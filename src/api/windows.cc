#include "api/windows.h"

#include <algorithm>

namespace segforge {
namespace {

std::vector<int64_t> Starts(int64_t side, int64_t crop, int64_t stride) {
  const int64_t count = std::max<int64_t>(side - crop + stride - 1, 0) / stride + 1;
  std::vector<int64_t> starts;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t end = std::min(i * stride + crop, side);
    starts.push_back(std::max<int64_t>(end - crop, 0));
  }
  return starts;
}

}  // namespace

std::vector<Window> SlideWindows(ImageSize image, ImageSize crop, ImageSize stride) {
  const int64_t height = std::min(crop.height, image.height);
  const int64_t width = std::min(crop.width, image.width);
  std::vector<Window> windows;
  for (const int64_t y : Starts(image.height, crop.height, stride.height)) {
    for (const int64_t x : Starts(image.width, crop.width, stride.width)) {
      windows.push_back({y, x, height, width});
    }
  }
  return windows;
}

}  // namespace segforge
