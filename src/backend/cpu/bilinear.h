// Where bilinear interpolation with half-pixel centres (torch's align_corners = false) reads.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace segforge {

// out = (1 - high_weight) * in[low] + high_weight * in[high]
struct BilinearTap {
  int32_t low;
  int32_t high;  // low + 1, or low at the end
  float high_weight;
};

// An axis that is resized from in_size to out_size elements, both >= 1 and below 2^31. Positions are computed
// in float64, and the weight rounded once.
class BilinearAxis {
 public:
  BilinearAxis(int64_t in_size, int64_t out_size)
      : scale_(static_cast<double>(in_size) / static_cast<double>(out_size)),
        last_(static_cast<int32_t>(in_size - 1)) {}

  BilinearTap At(int64_t index) const {
    const double source = std::max(0.0, (static_cast<double>(index) + 0.5) * scale_ - 0.5);
    const int32_t low = std::min(static_cast<int32_t>(source), last_);
    return {low, std::min(low + 1, last_), static_cast<float>(source - low)};
  }

 private:
  double scale_;
  int32_t last_;
};

// A map to resize.
struct ResizeSource {
  const float* map;  // [N, height, width, C]
  int64_t height;
  int64_t width;
};
inline constexpr size_t kMaxResizeSources = 8;

// Floats of one row of each source, in whole cache lines.
inline int64_t ResizedRowElems(std::span<const ResizeSource> sources, int64_t channels) {
  int64_t elems = 0;
  for (const ResizeSource& source : sources) elems += source.width * channels;
  return (elems + 15) / 16 * 16;
}

}  // namespace segforge
