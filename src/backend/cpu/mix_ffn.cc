#include "backend/cpu/mix_ffn.h"

#include <algorithm>

#include "backend/cpu/targets.h"
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

  Bands(const MapShape& s, int64_t hidden)
      : rows(std::max({int64_t{1}, kHiddenElems / (s.width * hidden), (kTokens + s.width - 1) / s.width})) {
    rows = std::min(rows, s.height);
  }

  // Floats a thread needs: the ring, the band after the depthwise convolution, and normalised input rows.
  int64_t ThreadElems(const MapShape& s, int64_t hidden) const {
    const int64_t elems = s.width * ((ring_rows() + rows) * hidden + ring_rows() * s.channels);
    return (elems + 15) / 16 * 16;
  }
  static bool Pays(const MapShape& s, int threads) { return s.rows() >= kMinRowsPerThread * threads; }
};

}  // namespace segforge
#endif

HWY_BEFORE_NAMESPACE();
namespace segforge {
namespace HWY_NAMESPACE {

class BandWalker {
 public:
  BandWalker(const MapShape& shape, const MixFfnWeights& weights, const float* x, float* y, float* scratch)
      : s_(shape), w_(weights), bands_(shape, weights.fc1.n), x_(x), y_(y) {
    const int64_t row_hidden = s_.width * w_.fc1.n;
    ring_ = scratch;
    band_ = ring_ + bands_.ring_rows() * row_hidden;
    normal_ = band_ + bands_.rows * row_hidden;
  }

  // Rows [begin, end) of one image.
  void Walk(int64_t image, int64_t begin, int64_t end) {
    image_ = image;
    next_ = std::max<int64_t>(begin - 1, 0);
    for (int64_t row = begin; row < end; row += bands_.rows) {
      const int64_t last = std::min(end, row + bands_.rows);
      FillRing(std::min(last + 1, s_.height));
      for (int64_t r = row; r < last; ++r) Convolve(r, band_ + (r - row) * s_.width * w_.fc1.n);
      const int64_t offset = (image_ * s_.height + row) * s_.width * s_.channels;
      GemmBlock(DenseRows(band_, w_.fc1.n), 0, (last - row) * s_.width, w_.fc2, 0, Panels(w_.fc2.n),
                {.data = y_ + offset,
                 .row_stride = s_.channels,
                 .residual = x_ + offset,
                 .residual_stride = s_.channels});
    }
  }

 private:
  float* RingRow(int64_t row) const { return ring_ + row % bands_.ring_rows() * s_.width * w_.fc1.n; }

  // Computes hidden rows [next_, end), in runs that are contiguous in the ring.
  void FillRing(int64_t end) {
    while (next_ < end) {
      const int64_t run = std::min(end - next_, bands_.ring_rows() - next_ % bands_.ring_rows());
      const float* x = x_ + (image_ * s_.height + next_) * s_.width * s_.channels;
      NormalizeRows(x, w_.gamma->span<float>().data(), w_.beta->span<float>().data(), w_.eps,
                    static_cast<size_t>(run * s_.width), static_cast<size_t>(s_.channels), normal_);
      GemmBlock(DenseRows(normal_, s_.channels), 0, run * s_.width, w_.fc1, 0, Panels(w_.fc1.n),
                {.data = RingRow(next_), .row_stride = w_.fc1.n});
      next_ += run;
    }
  }

  void Convolve(int64_t row, float* out) const {
    const float* above = row > 0 ? RingRow(row - 1) : nullptr;
    const float* below = row + 1 < s_.height ? RingRow(row + 1) : nullptr;
    DepthwiseRow(above, RingRow(row), below, s_.width, w_.fc1.n, w_.depthwise->span<float>().data(),
                 w_.depthwise_bias->span<float>().data(), out, /*gelu=*/true);
  }

  const MapShape& s_;
  const MixFfnWeights& w_;
  Bands bands_;
  const float* x_;
  float* y_;
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
  const int64_t hidden = w.fc1.n;
  float* expanded = scratch;
  float* convolved = expanded + tokens * hidden;
  float* normal = convolved;  // dead before the convolution writes
  CpuLayerNorm(x, w.gamma->span<float>().data(), w.beta->span<float>().data(), w.eps, tokens, s.channels,
               normal, pool);
  Gemm(DenseRows(normal, s.channels), tokens, w.fc1, {.data = expanded, .row_stride = hidden}, pool);
  CpuDepthwiseConv(expanded, {s.batch, s.height, s.width, hidden}, w.depthwise->span<float>().data(),
                   w.depthwise_bias->span<float>().data(), convolved, /*gelu=*/true, pool);
  Gemm(DenseRows(convolved, hidden), tokens, w.fc2,
       {.data = y, .row_stride = s.channels, .residual = x, .residual_stride = s.channels}, pool);
}

}  // namespace

size_t MixFfnScratchBytes(const MapShape& shape, int64_t hidden, int threads) {
  const int64_t elems = Bands::Pays(shape, threads)
                            ? threads * Bands(shape, hidden).ThreadElems(shape, hidden)
                            : 2 * shape.rows() * shape.width * std::max(hidden, shape.channels);
  return static_cast<size_t>(elems) * sizeof(float);
}

void MixFfn(const MapShape& shape, const MixFfnWeights& weights, const float* x, float* y, std::byte* scratch,
            ThreadPool& pool) {
  auto* floats = reinterpret_cast<float*>(scratch);
  if (!Bands::Pays(shape, pool.threads())) return WholeMap(shape, weights, x, y, floats, pool);
  const auto walk = HWY_DYNAMIC_DISPATCH(WalkRows);
  const int64_t thread_elems = Bands(shape, weights.fc1.n).ThreadElems(shape, weights.fc1.n);
  pool.ParallelFor(shape.rows(), 1, [&](int64_t begin, int64_t end, int thread) {
    walk(shape, weights, x, y, floats + thread * thread_elems, begin, end);
  });
}

}  // namespace segforge
#endif
