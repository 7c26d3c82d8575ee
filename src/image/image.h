// Images in memory: 8-bit sRGB, three interleaved channels.
#pragma once

#include <cstdint>
#include <vector>

#include "base/status.h"

namespace segforge {

// [height, width, 3] u8, R G B; rows are stride_bytes apart. Does not own.
struct ImageView {
  const uint8_t* data = nullptr;
  int64_t height = 0;
  int64_t width = 0;
  int64_t stride_bytes = 0;
};

struct Image {
  int64_t height = 0;
  int64_t width = 0;
  std::vector<uint8_t> pixels;  // rows without padding

  ImageView view() const { return {pixels.data(), height, width, width * 3}; }
};

}  // namespace segforge
