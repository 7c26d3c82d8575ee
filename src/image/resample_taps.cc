#include "image/resample_taps.h"

#include <algorithm>
#include <cmath>

#include "base/simd_targets.h"

// Compiled once for each vector instruction set; which one runs is chosen at run time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "image/resample_taps.cc"
#include <hwy/foreach_target.h>  // must precede highway.h
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace segforge {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr int kBits = ResampleTaps::kPrecisionBits;
constexpr int32_t kHalf = 1 << (kBits - 1);

// One output byte, from input bytes that lie stride_bytes apart.
HWY_INLINE uint8_t WeightedByte(const uint8_t* in, int64_t stride_bytes, const int32_t* weights,
                                int32_t count) {
  int32_t sum = kHalf;
  for (int32_t t = 0; t < count; ++t) sum += weights[t] * in[t * stride_bytes];
  return static_cast<uint8_t>(std::clamp(sum >> kBits, 0, 255));
}

// Four lanes: R, G, B of the pixel and the next one's R, which the next pixel's store overwrites.
void ResampleRowSimd(const uint8_t* HWY_RESTRICT source, const ResampleTaps& taps,
                     uint8_t* HWY_RESTRICT output) {
  int64_t i = 0;
#if HWY_TARGET != HWY_SCALAR
  const hn::FixedTag<int32_t, 4> d32;
  const hn::FixedTag<uint8_t, 4> d8;
  for (; i + 1 < taps.outputs(); ++i) {
    const int32_t* weights = taps.WeightsOf(i);
    const uint8_t* in = source + int64_t{taps.first[static_cast<size_t>(i)]} * 3;
    const int32_t count = taps.count[static_cast<size_t>(i)];
    auto sum = hn::Set(d32, kHalf);
    for (int32_t t = 0; t < count; ++t)
      sum = hn::Add(sum, hn::Mul(hn::PromoteTo(d32, hn::LoadU(d8, in + t * 3)), hn::Set(d32, weights[t])));
    hn::StoreU(hn::DemoteTo(d8, hn::ShiftRight<kBits>(sum)), d8, output + i * 3);
  }
#endif
  for (; i < taps.outputs(); ++i) {
    const uint8_t* in = source + int64_t{taps.first[static_cast<size_t>(i)]} * 3;
    for (int64_t c = 0; c < 3; ++c)
      output[i * 3 + c] = WeightedByte(in + c, 3, taps.WeightsOf(i), taps.count[static_cast<size_t>(i)]);
  }
}

void ResampleColumnsSimd(const uint8_t* HWY_RESTRICT source, int64_t stride_bytes, int64_t row_bytes,
                         const int32_t* HWY_RESTRICT weights, int32_t count, uint8_t* HWY_RESTRICT output) {
  int64_t b = 0;
#if HWY_TARGET != HWY_SCALAR
  const hn::ScalableTag<int32_t> d32;
  const hn::Rebind<uint8_t, decltype(d32)> d8;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d32));
  for (; b + lanes <= row_bytes; b += lanes) {
    auto sum = hn::Set(d32, kHalf);
    for (int32_t t = 0; t < count; ++t) {
      const auto in = hn::PromoteTo(d32, hn::LoadU(d8, source + t * stride_bytes + b));
      sum = hn::Add(sum, hn::Mul(in, hn::Set(d32, weights[t])));
    }
    hn::StoreU(hn::DemoteTo(d8, hn::ShiftRight<kBits>(sum)), d8, output + b);
  }
#endif
  for (; b < row_bytes; ++b) output[b] = WeightedByte(source + b, stride_bytes, weights, count);
}

}  // namespace HWY_NAMESPACE
}  // namespace segforge
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace segforge {

HWY_EXPORT(ResampleRowSimd);
HWY_EXPORT(ResampleColumnsSimd);

void ResampleRow(const uint8_t* source, const ResampleTaps& taps, uint8_t* output) {
  HWY_DYNAMIC_DISPATCH(ResampleRowSimd)(source, taps, output);
}

void ResampleColumns(const uint8_t* source, int64_t stride_bytes, int64_t row_bytes, const int32_t* weights,
                     int32_t count, uint8_t* output) {
  HWY_DYNAMIC_DISPATCH(ResampleColumnsSimd)(source, stride_bytes, row_bytes, weights, count, output);
}

// Parity is to the bit: the order of these double operations, the truncations and the rounding of the weights
// half away from zero are Pillow's.
ResampleTaps BilinearTaps(int64_t inputs, int64_t outputs) {
  const double scale = static_cast<double>(inputs) / static_cast<double>(outputs);
  const double filter_scale = std::max(scale, 1.0);
  const double support = filter_scale;
  ResampleTaps taps;
  taps.max_count = static_cast<int64_t>(std::ceil(support)) * 2 + 1;
  taps.weights.resize(static_cast<size_t>(outputs * taps.max_count));
  std::vector<double> real(static_cast<size_t>(taps.max_count));
  for (int64_t i = 0; i < outputs; ++i) {
    const double center = (static_cast<double>(i) + 0.5) * scale;
    const int64_t first = std::max<int64_t>(0, static_cast<int64_t>(center - support + 0.5));
    const int64_t end = std::min(inputs, static_cast<int64_t>(center + support + 0.5));
    const auto count = static_cast<size_t>(end - first);
    double total = 0;
    for (size_t t = 0; t < count; ++t) {
      const double distance = std::abs((static_cast<double>(static_cast<int64_t>(t) + first) - center + 0.5) *
                                       (1.0 / filter_scale));
      real[t] = distance < 1.0 ? 1.0 - distance : 0.0;
      total += real[t];
    }
    int32_t* weights = taps.weights.data() + i * taps.max_count;
    for (size_t t = 0; t < count; ++t) {
      const double weight = total != 0.0 ? real[t] / total : real[t];
      weights[t] = static_cast<int32_t>(0.5 + weight * (1 << ResampleTaps::kPrecisionBits));
    }
    taps.first.push_back(static_cast<int32_t>(first));
    taps.count.push_back(static_cast<int32_t>(count));
  }
  return taps;
}

}  // namespace segforge
#endif  // HWY_ONCE
