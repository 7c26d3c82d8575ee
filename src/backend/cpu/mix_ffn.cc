#include "backend/cpu/mix_ffn.h"

#include <algorithm>

#include "base/simd_targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/cpu/mix_ffn.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "backend/cpu/depthwise_conv-inl.h"
#include "backend/cpu/gemm-inl.h"
#include "backend/cpu/layer_norm-inl.h"

#ifndef SEGFORGE_BACKEND_CPU_MIX_FFN_BANDS_
#define SEGFORGE_BACKEND_CPU_MIX_FFN_BANDS_
namespace segforge {

// A thread walks down its rows in bands. The hidden rows that the 3x3 window needs live in a ring in its own
// cache.
struct Bands {
  // Two bands of hidden rows fit beside the weights in 512 KiB of second-level cache; but a band has enough
  // tokens for the matrix products to use each panel of weights often.
  static constexpr int64_t kHiddenElems = 64 * 1024;
  static constexpr int64_t kTokens = 96;
  // Threads with fewer rows than this would spend too much on the halo, the two rows that a neighbour
  // computes too.
  static constexpr int64_t kMinRowsPerThread = 16;

  int64_t rows;  // output rows of a band
  int64_t ring_rows() const { return rows + 2; }

  int64_t thread_elems;  // the ring, the band after the depthwise convolution, and normalised input rows

  Bands(const MapShape& s, const MixFfnWeights& w)
      : rows(std::max(
            {int64_t{1}, kHiddenElems / (s.width * w.hidden()), (kTokens + s.width - 1) / s.width})) {
    rows = std::min(rows, s.height);
    thread_elems = s.width * ((ring_rows() + rows) * w.hidden_stride() + ring_rows() * s.channels);
    thread_elems = (thread_elems + 15) / 16 * 16;
  }

  static bool Pays(const MapShape& s, int threads) { return s.rows() >= kMinRowsPerThread * threads; }
};

inline DepthwiseRowShape ConvShape(const MapShape& s, const MixFfnWeights& w) {
  const auto stride = static_cast<size_t>(w.hidden_stride());
  return {.width = static_cast<size_t>(s.width),
          .channels = static_cast<size_t>(w.hidden()),
          .in_stride = stride,
          .out_stride = stride,
          .tap_stride = stride};
}

}  // namespace segforge
#endif

HWY_BEFORE_NAMESPACE();
namespace segforge {
namespace HWY_NAMESPACE {
namespace {

class BandWalker {
 public:
  BandWalker(const MapShape& shape, const MixFfnWeights& weights, const float* x, float* y, float* scratch)
      : s_(shape), w_(weights), bands_(shape, weights), x_(x), y_(y), stride_(weights.hidden_stride()) {
    ring_ = scratch;
    band_ = ring_ + bands_.ring_rows() * s_.width * stride_;
    normal_ = band_ + bands_.rows * s_.width * stride_;
  }

  // Rows [begin, end) of one image.
  void Walk(int64_t image, int64_t begin, int64_t end) {
    image_ = image;
    next_ = std::max<int64_t>(begin - 1, 0);
    for (int64_t row = begin; row < end; row += bands_.rows) {
      const int64_t last = std::min(end, row + bands_.rows);
      FillRing(std::min(last + 1, s_.height));
      for (int64_t r = row; r < last; ++r) Convolve(r, band_ + (r - row) * s_.width * stride_);
      const int64_t offset = (image_ * s_.height + row) * s_.width * s_.channels;
      GemmBlock({.data = band_, .row_stride = stride_, .segment_elems = w_.hidden()}, 0,
                (last - row) * s_.width, w_.fc2, 0, Panels(w_.fc2.n),
                {.data = y_ + offset,
                 .row_stride = s_.channels,
                 .residual = x_ + offset,
                 .residual_stride = s_.channels});
    }
  }

 private:
  float* RingRow(int64_t row) const { return ring_ + row % bands_.ring_rows() * s_.width * stride_; }

  // Computes hidden rows [next_, end), in runs that are contiguous in the ring.
  void FillRing(int64_t end) {
    while (next_ < end) {
      const int64_t run = std::min(end - next_, bands_.ring_rows() - next_ % bands_.ring_rows());
      const float* x = x_ + (image_ * s_.height + next_) * s_.width * s_.channels;
      NormalizeRows(x, w_.gamma->span<float>().data(), w_.beta->span<float>().data(), w_.eps,
                    static_cast<size_t>(run * s_.width), static_cast<size_t>(s_.channels), normal_);
      GemmBlock(DenseRows(normal_, s_.channels), 0, run * s_.width, w_.fc1, 0, Panels(w_.fc1.n),
                {.data = RingRow(next_), .row_stride = stride_});
      next_ += run;
    }
  }

  void Convolve(int64_t row, float* out) const {
    const float* above = row > 0 ? RingRow(row - 1) : nullptr;
    const float* below = row + 1 < s_.height ? RingRow(row + 1) : nullptr;
    DepthwiseRow(above, RingRow(row), below, ConvShape(s_, w_), w_.taps.span<float>().data(),
                 w_.taps_bias->span<float>().data(), out, /*gelu=*/true);
  }

  const MapShape& s_;
  const MixFfnWeights& w_;
  Bands bands_;
  const float* x_;
  float* y_;
  int64_t stride_;  // of hidden pixels
  float *ring_, *band_, *normal_;
  int64_t image_ = 0;
  int64_t next_ = 0;  // the next hidden row of the image to compute
};

// Rows [begin, end) counted over the batch.
void WalkRows(const MapShape& shape, const MixFfnWeights& weights, const float* x, float* y, float* scratch,
              int64_t begin, int64_t end) {
  BandWalker walker(shape, weights, x, y, scratch);
  while (begin < end) {
    const int64_t image = begin / shape.height;
    const int64_t image_end = std::min(end, (image + 1) * shape.height);
    walker.Walk(image, begin - image * shape.height, image_end - image * shape.height);
    begin = image_end;
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace segforge
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "backend/cpu/simd_kernels.h"

namespace segforge {
namespace {

HWY_EXPORT(WalkRows);

// Step by step over the whole map: for maps of few rows a thread, whose hidden maps are small anyway.
void WholeMap(const MapShape& s, const MixFfnWeights& w, const float* x, float* y, float* scratch,
              ThreadPool& pool) {
  const int64_t tokens = s.rows() * s.width;
  const int64_t stride = w.hidden_stride();
  float* expanded = scratch;
  float* convolved = expanded + tokens * stride;
  float* normal = convolved;  // dead before the convolution writes
  CpuLayerNorm(x, w.gamma->span<float>().data(), w.beta->span<float>().data(), w.eps, tokens, s.channels,
               normal, pool);
  Gemm(DenseRows(normal, s.channels), tokens, w.fc1, {.data = expanded, .row_stride = stride}, pool);
  CpuDepthwiseConv({.x = expanded,
                    .weights = w.taps.span<float>().data(),
                    .bias = w.taps_bias->span<float>().data(),
                    .y = convolved,
                    .batch = s.batch,
                    .height = s.height,
                    .shape = ConvShape(s, w),
                    .gelu = true},
                   pool);
  Gemm({.data = convolved, .row_stride = stride, .segment_elems = w.hidden()}, tokens, w.fc2,
       {.data = y, .row_stride = s.channels, .residual = x, .residual_stride = s.channels}, pool);
}

}  // namespace

size_t MixFfnScratchBytes(const MapShape& shape, const MixFfnWeights& weights, int threads) {
  const int64_t elems =
      Bands::Pays(shape, threads)
          ? threads * Bands(shape, weights).thread_elems
          : shape.rows() * shape.width *
                (weights.hidden_stride() + std::max(weights.hidden_stride(), shape.channels));
  return static_cast<size_t>(elems) * sizeof(float);
}

void MixFfn(const MapShape& shape, const MixFfnWeights& weights, const float* x, float* y, std::byte* scratch,
            ThreadPool& pool) {
  auto* floats = reinterpret_cast<float*>(scratch);
  if (!Bands::Pays(shape, pool.threads())) return WholeMap(shape, weights, x, y, floats, pool);
  const auto walk = HWY_DYNAMIC_DISPATCH(WalkRows);
  const int64_t thread_elems = Bands(shape, weights).thread_elems;
  pool.ParallelFor(shape.rows(), 1, [&](int64_t begin, int64_t end, int thread) {
    walk(shape, weights, x, y, floats + thread * thread_elems, begin, end);
  });
}

}  // namespace segforge
#endif
