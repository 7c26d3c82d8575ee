#include <vector>

#include "image/preprocess.h"

namespace segforge {
namespace {

// Every u8 value's result, [256, 3]: three loads a pixel, and the division is done 768 times.
std::vector<float> NormalizedValues(const Preprocessing& preprocessing) {
  std::vector<float> values;
  for (int value = 0; value < 256; ++value) {
    for (size_t c = 0; c < 3; ++c) {
      const float scaled = static_cast<float>(value) * preprocessing.rescale;
      values.push_back((scaled - preprocessing.mean[c]) / preprocessing.std[c]);
    }
  }
  return values;
}

}  // namespace

void Normalize(const ImageView& image, const Preprocessing& preprocessing, TensorView output,
               ThreadPool& pool) {
  SEGFORGE_CHECK(output.shape == Shape({1, image.height, image.width, 3}));
  const std::vector<float> values = NormalizedValues(preprocessing);
  float* const data = output.as<float>();
  pool.ParallelFor(image.height, 1, [&](int64_t begin, int64_t end, int) {
    const float* const table = values.data();
    for (int64_t y = begin; y < end; ++y) {
      const uint8_t* in = image.data + y * image.stride_bytes;
      float* out = data + y * image.width * 3;
      for (int64_t x = 0; x < image.width; ++x, in += 3, out += 3) {
        out[0] = table[in[0] * 3];
        out[1] = table[in[1] * 3 + 1];
        out[2] = table[in[2] * 3 + 2];
      }
    }
  });
}

}  // namespace segforge
