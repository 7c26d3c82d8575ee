// Integer resampling along one axis, as Pillow does it: out[i] = clip8((half + sum of weight * in) >> 22).
#pragma once

#include <cstdint>
#include <vector>

namespace segforge {

// What each output position reads: source positions first[i] .. first[i] + count[i] - 1.
struct ResampleTaps {
  // 8 bits of the pixel and a sum of weights of 2^22 fill 30 bits of the 32.
  static constexpr int kPrecisionBits = 22;

  std::vector<int32_t> first;    // [outputs]
  std::vector<int32_t> count;    // [outputs], >= 1
  std::vector<int32_t> weights;  // [outputs, max_count], fixed point; row i holds count[i] of them
  int64_t max_count = 0;

  int64_t outputs() const { return static_cast<int64_t>(first.size()); }
  const int32_t* WeightsOf(int64_t i) const { return weights.data() + i * max_count; }
};

// Pillow's triangle filter, widened by the scale when shrinking (antialiasing).
ResampleTaps BilinearTaps(int64_t inputs, int64_t outputs);

// source [inputs, 3] u8 with at least one readable byte behind it -> output [outputs, 3].
void ResampleRow(const uint8_t* source, const ResampleTaps& taps, uint8_t* output);

// output[b] = sum over t of weights[t] * source[t * stride_bytes + b], for b in [0, row_bytes).
void ResampleColumns(const uint8_t* source, int64_t stride_bytes, int64_t row_bytes, const int32_t* weights,
                     int32_t count, uint8_t* output);

}  // namespace segforge
