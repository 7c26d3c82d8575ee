// A label map that is measured. Does not own.
#pragma once

#include <cstdint>
#include <span>

namespace segforge {

struct LabelView {
  std::span<const uint16_t> labels;  // [height, width]
  int64_t height = 0;
  int64_t width = 0;

  uint16_t At(int64_t y, int64_t x) const { return labels[static_cast<size_t>(y * width + x)]; }
};

inline bool SameSize(const LabelView& a, const LabelView& b) {
  return a.height == b.height && a.width == b.width;
}

}  // namespace segforge
