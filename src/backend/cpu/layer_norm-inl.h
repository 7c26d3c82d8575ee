// The core of LayerNorm, for kernels that fuse it.

#include <cmath>
#include <cstddef>

#include "backend/cpu/partial-inl.h"
#include "hwy/highway.h"

#if defined(SEGFORGE_BACKEND_CPU_LAYER_NORM_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SEGFORGE_BACKEND_CPU_LAYER_NORM_INL_H_
#undef SEGFORGE_BACKEND_CPU_LAYER_NORM_INL_H_
#else
#define SEGFORGE_BACKEND_CPU_LAYER_NORM_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace segforge {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// The sum over a row of term(vector); lanes beyond the row's end are zero before and must add nothing after.
// Four chains hide the latency of the additions.
template <class D, class Term>
HWY_INLINE float SumOverRow(D d, const float* HWY_RESTRICT x, size_t channels, const Term& term) {
  const size_t lanes = hn::Lanes(d);
  auto sum0 = hn::Zero(d), sum1 = hn::Zero(d), sum2 = hn::Zero(d), sum3 = hn::Zero(d);
  size_t c = 0;
  for (; c + 4 * lanes <= channels; c += 4 * lanes) {
    sum0 = term(hn::LoadU(d, x + c), sum0);
    sum1 = term(hn::LoadU(d, x + c + lanes), sum1);
    sum2 = term(hn::LoadU(d, x + c + 2 * lanes), sum2);
    sum3 = term(hn::LoadU(d, x + c + 3 * lanes), sum3);
  }
  for (; c + lanes <= channels; c += lanes) sum0 = term(hn::LoadU(d, x + c), sum0);
  if (c < channels) {
    const auto tail = term(LoadFirst(d, x + c, channels - c), hn::Zero(d));
    sum1 = hn::Add(sum1, hn::IfThenElseZero(hn::FirstN(d, channels - c), tail));
  }
  return hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(sum0, sum1), hn::Add(sum2, sum3))));
}

// y[c] = (x[c] - mean) / sqrt(variance + eps) * gamma[c] + beta[c]; channels >= 1; y may be x itself.
HWY_INLINE void NormalizeRow(const float* x, const float* gamma, const float* beta, float eps,
                             size_t channels, float* y) {
  const hn::ScalableTag<float> d;
  using V = hn::Vec<decltype(d)>;
  const float scale = 1.0f / static_cast<float>(channels);
  const V mean =
      hn::Set(d, scale * SumOverRow(d, x, channels, [](V v, V sum) HWY_ATTR { return hn::Add(sum, v); }));
  const float variance = scale * SumOverRow(d, x, channels, [mean](V v, V sum) HWY_ATTR {
                           const V centred = hn::Sub(v, mean);
                           return hn::MulAdd(centred, centred, sum);
                         });
  const V inverse = hn::Set(d, 1.0f / std::sqrt(variance + eps));
  ForEachVector(d, channels, [&](size_t c, auto lanes) HWY_ATTR {
    const V normal = hn::Mul(hn::Sub(lanes.Load(d, x + c), mean), inverse);
    lanes.Store(hn::MulAdd(normal, lanes.Load(d, gamma + c), lanes.Load(d, beta + c)), d, y + c);
  });
}

constexpr size_t kRowsTogether = 4;

// 1 / sqrt(variance + eps) of four rows.
HWY_INLINE void InverseDeviations(const float* HWY_RESTRICT variances, float eps,
                                  float* HWY_RESTRICT inverses) {
  const hn::CappedTag<float, kRowsTogether> d;
  for (size_t i = 0; i < kRowsTogether; i += hn::Lanes(d)) {
    const auto deviation = hn::Sqrt(hn::Add(hn::LoadU(d, variances + i), hn::Set(d, eps)));
    hn::StoreU(hn::Div(hn::Set(d, 1.0f), deviation), d, inverses + i);
  }
}

// Four rows at once: at 32 channels a row is only a few vectors, and the latency of its horizontal sums, its
// square root and its division would be most of the time.
HWY_INLINE void NormalizeFourRows(const float* x, const float* gamma, const float* beta, float eps,
                                  size_t channels, float* y) {
  const hn::ScalableTag<float> d;
  using V = hn::Vec<decltype(d)>;
  const size_t lanes = hn::Lanes(d);
  const V scale = hn::Set(d, 1.0f / static_cast<float>(channels));
  V mean[kRowsTogether], inverse[kRowsTogether];
  float variances[kRowsTogether], inverses[kRowsTogether];
  for (V& sum : mean) sum = hn::Zero(d);
  for (size_t c = 0; c < channels; c += lanes)
    for (size_t r = 0; r < kRowsTogether; ++r) mean[r] = hn::Add(mean[r], hn::LoadU(d, x + r * channels + c));
  for (V& sum : mean) sum = hn::Mul(hn::SumOfLanes(d, sum), scale);
  for (V& sum : inverse) sum = hn::Zero(d);
  for (size_t c = 0; c < channels; c += lanes) {
    for (size_t r = 0; r < kRowsTogether; ++r) {
      const V centred = hn::Sub(hn::LoadU(d, x + r * channels + c), mean[r]);
      inverse[r] = hn::MulAdd(centred, centred, inverse[r]);
    }
  }
  for (size_t r = 0; r < kRowsTogether; ++r)
    variances[r] = hn::GetLane(hn::Mul(hn::SumOfLanes(d, inverse[r]), scale));
  InverseDeviations(variances, eps, inverses);
  for (size_t r = 0; r < kRowsTogether; ++r) inverse[r] = hn::Set(d, inverses[r]);
  for (size_t c = 0; c < channels; c += lanes) {
    const V gammas = hn::LoadU(d, gamma + c), betas = hn::LoadU(d, beta + c);
    for (size_t r = 0; r < kRowsTogether; ++r) {
      const V normal = hn::Mul(hn::Sub(hn::LoadU(d, x + r * channels + c), mean[r]), inverse[r]);
      hn::StoreU(hn::MulAdd(normal, gammas, betas), d, y + r * channels + c);
    }
  }
}

// The same for [rows, channels], contiguous. Rows go four by four from the
// first one: a caller that splits them at multiples of kRowsTogether gets the same bits for any split.
HWY_INLINE void NormalizeRows(const float* x, const float* gamma, const float* beta, float eps, size_t rows,
                              size_t channels, float* y) {
  const bool whole_vectors = channels % hn::Lanes(hn::ScalableTag<float>()) == 0;
  size_t row = 0;
  if (whole_vectors) {
    for (; row + kRowsTogether <= rows; row += kRowsTogether)
      NormalizeFourRows(x + row * channels, gamma, beta, eps, channels, y + row * channels);
  }
  for (; row < rows; ++row) NormalizeRow(x + row * channels, gamma, beta, eps, channels, y + row * channels);
}

}  // namespace HWY_NAMESPACE
}  // namespace segforge
HWY_AFTER_NAMESPACE();

#endif  // include guard, toggled for each target
