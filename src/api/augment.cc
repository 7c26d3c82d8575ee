#include "api/augment.h"

#include <algorithm>
#include <cmath>

#include "api/logit_rows_in_two_steps.h"

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

namespace {

// to[c] += softmax of values, for one pixel after the other.
class Softmax {
 public:
  explicit Softmax(int64_t classes) : exponentials_(static_cast<size_t>(classes)) {}

  void AddTo(const float* values, float* to) {
    const size_t classes = exponentials_.size();
    const float greatest = *std::max_element(values, values + classes);
    float total = 0;
    for (size_t c = 0; c < classes; ++c) total += exponentials_[c] = std::exp(values[c] - greatest);
    for (size_t c = 0; c < classes; ++c) to[c] += exponentials_[c] / total;
  }

 private:
  std::vector<float> exponentials_;
};

}  // namespace

// Interpolation with half-pixel centres is symmetric, so columns may be swapped after it.
void AddProbabilities(const ConstTensorView& logits, ImageSize network, bool mirrored, TensorView sum,
                      ThreadPool& pool) {
  const ImageSize size = {sum.shape[0], sum.shape[1]};
  const int64_t classes = sum.shape[2];
  auto* const data = sum.as<float>();
  pool.ParallelFor(size.height, 1, [&](int64_t begin, int64_t end, int) {
    LogitRowsInTwoSteps rows(logits, network, size);
    Softmax softmax(classes);
    for (int64_t y = begin; y < end; ++y) {
      rows.ForEach(y, [&](int64_t x, const float* values) {
        softmax.AddTo(values, data + (y * size.width + (mirrored ? size.width - 1 - x : x)) * classes);
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
