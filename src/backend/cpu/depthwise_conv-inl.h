// The core of the 3 x 3 depthwise convolution, for kernels that fuse it.

#include <cstddef>

#include "backend/cpu/depthwise_conv.h"
#include "backend/cpu/math-inl.h"
#include "backend/cpu/partial-inl.h"
#include "hwy/highway.h"

#if defined(SEGFORGE_BACKEND_CPU_DEPTHWISE_CONV_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SEGFORGE_BACKEND_CPU_DEPTHWISE_CONV_INL_H_
#undef SEGFORGE_BACKEND_CPU_DEPTHWISE_CONV_INL_H_
#else
#define SEGFORGE_BACKEND_CPU_DEPTHWISE_CONV_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace segforge {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// The input rows that exist under the window, and the three taps of weights that go with each.
struct DepthwiseWindow {
  const DepthwiseRowShape& shape;
  const float* bias;
  bool gelu;
  const float* rows[3] = {};
  const float* weights[3] = {};
  size_t count = 0;

  void Add(const float* row, const float* row_weights) {
    if (row == nullptr) return;
    rows[count] = row;
    weights[count++] = row_weights;
  }
};

// kVectors vectors of channels, each of Lanes: WholeVector, or FirstLanes.
template <size_t kVectors, class Lanes>
struct ChannelBlock {
  static constexpr size_t kCount = kVectors;
  size_t first;
  Lanes lanes;

  template <class D>
  HWY_INLINE hn::Vec<D> Load(D d, const float* p, size_t vector) const {
    return lanes.Load(d, p + first + vector * hn::Lanes(d));
  }
  template <class D>
  HWY_INLINE void Store(hn::Vec<D> v, D d, float* p, size_t vector) const {
    lanes.Store(v, d, p + first + vector * hn::Lanes(d));
  }
};

// Outputs x .. x + kColumns - 1 for one block of channels. Each input is loaded once for the up to three
// outputs that it is part of; all sums and the weights of one row stay in registers.
template <size_t kColumns, class Block>
HWY_INLINE void DepthwiseTile(const DepthwiseWindow& window, size_t x, Block block, float* HWY_RESTRICT out) {
  constexpr size_t kVectors = Block::kCount;
  const hn::ScalableTag<float> d;
  using V = hn::Vec<decltype(d)>;
  const size_t in_stride = window.shape.in_stride, tap_stride = window.shape.tap_stride;
  V sum[kColumns][kVectors];
  for (size_t j = 0; j < kColumns; ++j)
    for (size_t v = 0; v < kVectors; ++v) sum[j][v] = block.Load(d, window.bias, v);

  for (size_t r = 0; r < window.count; ++r) {
    V left[kVectors], middle[kVectors], right[kVectors];
    for (size_t v = 0; v < kVectors; ++v) {
      left[v] = block.Load(d, window.weights[r], v);
      middle[v] = block.Load(d, window.weights[r] + tap_stride, v);
      right[v] = block.Load(d, window.weights[r] + 2 * tap_stride, v);
    }
    const float* in = window.rows[r] + x * in_stride;
    if (x > 0) {
      for (size_t v = 0; v < kVectors; ++v)
        sum[0][v] = hn::MulAdd(block.Load(d, in - in_stride, v), left[v], sum[0][v]);
    }
    for (size_t j = 0; j < kColumns; ++j) {
      for (size_t v = 0; v < kVectors; ++v) {
        const V value = block.Load(d, in + j * in_stride, v);
        if (j > 0) sum[j - 1][v] = hn::MulAdd(value, right[v], sum[j - 1][v]);
        sum[j][v] = hn::MulAdd(value, middle[v], sum[j][v]);
        if (j + 1 < kColumns) sum[j + 1][v] = hn::MulAdd(value, left[v], sum[j + 1][v]);
      }
    }
    if (x + kColumns < window.shape.width) {
      for (size_t v = 0; v < kVectors; ++v) {
        sum[kColumns - 1][v] =
            hn::MulAdd(block.Load(d, in + kColumns * in_stride, v), right[v], sum[kColumns - 1][v]);
      }
    }
  }

  if (window.gelu) {
    for (size_t j = 0; j < kColumns; ++j)
      for (size_t v = 0; v < kVectors; ++v) sum[j][v] = Gelu(d, sum[j][v]);
  }
  for (size_t j = 0; j < kColumns; ++j) {
    for (size_t v = 0; v < kVectors; ++v)
      block.Store(sum[j][v], d, out + (x + j) * window.shape.out_stride, v);
  }
}

// Channels innermost, so that every load walks through memory; two vectors at a time, because with AVX2 they
// are a cache line: pixels lie a power of two apart, often enough, and compete for so few sets of L1 that a
// line is gone when its second half is wanted in the next step.
template <size_t kColumns>
HWY_INLINE void DepthwiseColumns(const DepthwiseWindow& window, size_t x, float* out) {
  const hn::ScalableTag<float> d;
  const size_t pairs = window.shape.channels / (2 * hn::Lanes(d)) * (2 * hn::Lanes(d));
  for (size_t c = 0; c < pairs; c += 2 * hn::Lanes(d))
    DepthwiseTile<kColumns>(window, x, ChannelBlock<2, WholeVector>{c, {}}, out);
  ForEachVector(d, window.shape.channels - pairs, [&](size_t c, auto lanes) HWY_ATTR {
    DepthwiseTile<kColumns>(window, x, ChannelBlock<1, decltype(lanes)>{pairs + c, lanes}, out);
  });
}

// One output row of a 3 x 3 depthwise convolution, stride 1, padding 1:
//   out[x, c] = bias[c] + sum over ky, kx of weights[ky, kx, c] * in[y + ky - 1, x + kx - 1, c], GELU if
//   asked
// above, row, below: input rows [width, channels], above and below null where outside; weights [3, 3,
// channels]; bias [channels]; out [width, channels], which overlaps no input.
HWY_INLINE void DepthwiseRow(const float* above, const float* row, const float* below,
                             const DepthwiseRowShape& shape, const float* weights, const float* bias,
                             float* out, bool gelu) {
  // Sums of two vectors a column and one row's weights fit in 16 registers with 4 columns.
  constexpr size_t kColumns = 4;
  DepthwiseWindow window{.shape = shape, .bias = bias, .gelu = gelu};
  window.Add(above, weights);
  window.Add(row, weights + 3 * shape.tap_stride);
  window.Add(below, weights + 6 * shape.tap_stride);
  size_t x = 0;
  for (; x + kColumns <= shape.width; x += kColumns) DepthwiseColumns<kColumns>(window, x, out);
  for (; x < shape.width; ++x) DepthwiseColumns<1>(window, x, out);
}

}  // namespace HWY_NAMESPACE
}  // namespace segforge
HWY_AFTER_NAMESPACE();

#endif  // include guard, toggled for each target
