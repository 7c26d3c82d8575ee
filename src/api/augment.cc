#include "api/augment.h"

#include <algorithm>
#include <cmath>

#include "api/logit_rows.h"

namespace segforge {

Image Mirrored(const ImageView& image) {
  Image result = {image.height, image.width, {}};
  result.pixels.resize(static_cast<size_t>(image.height * image.width) * 3);
  uint8_t* out = result.pixels.data();
  for (int64_t y = 0; y < image.height; ++y) {
    const uint8_t* row = image.data + y * image.stride_bytes;
    for (int64_t x = image.width - 1; x >= 0; --x, out += 3) std::copy_n(row + x * 3, 3, out);
  }
  return result;
}

// Interpolation with half-pixel centres is symmetric, so columns may be swapped after it.
void AddProbabilities(const ConstTensorView& logits, bool mirrored, TensorView sum, ThreadPool& pool) {
  const int64_t width = sum.shape[1];
  const int64_t classes = sum.shape[2];
  auto* const data = sum.as<float>();
  pool.ParallelFor(sum.shape[0], 1, [&](int64_t begin, int64_t end, int) {
    LogitRows rows(logits, sum.shape[0], width);
    std::vector<float> exponentials(static_cast<size_t>(classes));
    for (int64_t y = begin; y < end; ++y) {
      rows.ForEach(y, [&](int64_t x, const float* values) {
        const float greatest = *std::max_element(values, values + classes);
        float total = 0;
        for (int64_t c = 0; c < classes; ++c) {
          total += exponentials[static_cast<size_t>(c)] = std::exp(values[c] - greatest);
        }
        float* to = data + (y * width + (mirrored ? width - 1 - x : x)) * classes;
        for (int64_t c = 0; c < classes; ++c) to[c] += exponentials[static_cast<size_t>(c)] / total;
      });
    }
  });
}

void LogOfMean(int64_t count, TensorView sum, ThreadPool& pool) {
  constexpr float kLeast = 1e-37f;  // of a probability: its logarithm must stay finite to be interpolated
  const std::span<float> values = sum.span<float>();
  pool.ParallelFor(static_cast<int64_t>(values.size()), 16, [&](int64_t begin, int64_t end, int) {
    for (float& value : values.subspan(static_cast<size_t>(begin), static_cast<size_t>(end - begin))) {
      value = std::log(std::max(value / static_cast<float>(count), kLeast));
    }
  });
}

}  // namespace segforge
