#include "backend/cpu/decode_head.h"

#include <algorithm>

#include "base/simd_targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/cpu/decode_head.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "backend/cpu/gemm-inl.h"
#include "backend/cpu/resize-inl.h"

#ifndef SEGFORGE_BACKEND_CPU_DECODE_HEAD_SCRATCH_
#define SEGFORGE_BACKEND_CPU_DECODE_HEAD_SCRATCH_
namespace segforge {

// A thread's scratch: a row of each map, interpolated between its rows, then the sums of a run of pixels. A
// run fills 128 KiB, so that it stays in the second-level cache with the weights.
struct DecodeHeadScratch {
  static constexpr int64_t kRunElems = 32 * 1024;
  static constexpr int64_t kMinPixels = 24;  // a multiple of every target's tile

  int64_t run_pixels;
  int64_t rows_elems;
  int64_t thread_elems;

  DecodeHeadScratch(std::span<const ResizeSource> maps, int64_t channels)
      : run_pixels(std::max<int64_t>(kRunElems / channels / kMinPixels, 1) * kMinPixels),
        rows_elems(ResizedRowElems(maps, channels)),
        thread_elems((rows_elems + run_pixels * channels + 15) / 16 * 16) {}
};

}  // namespace segforge
#endif

HWY_BEFORE_NAMESPACE();
namespace segforge {
namespace HWY_NAMESPACE {
namespace {

// Output row `row`, counted over the batch.
void DecodeRow(const DecodeHeadArgs& args, const DecodeHeadWeights& weights, int64_t row, float* own) {
  const PackedWeights& projection = weights.projection;
  const PackedWeights& classifier = weights.classifier;
  const int64_t channels = projection.n;
  const DecodeHeadScratch scratch(args.maps, channels);
  ResizedRow rows[kMaxResizeSources];
  InterpolateSources(args.maps, {row, args.height, args.width}, channels, own, rows);
  float* sums = own + scratch.rows_elems;
  for (int64_t begin = 0; begin < args.width; begin += scratch.run_pixels) {
    const int64_t end = std::min(args.width, begin + scratch.run_pixels);
    const int64_t first = row * args.width + begin;
    GemmBlock(DenseRows(args.x + first * projection.k, projection.k), 0, end - begin, projection, 0,
              Panels(channels), {.data = sums, .row_stride = channels});
    UpsampleSumRow(sums, rows, args.maps.size(), {static_cast<size_t>(begin), static_cast<size_t>(end)},
                   static_cast<size_t>(channels), Activation::kRelu, sums);
    GemmBlock(DenseRows(sums, channels), 0, end - begin, classifier, 0, Panels(classifier.n),
              {.data = args.y + first * classifier.n, .row_stride = classifier.n});
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace segforge
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace segforge {
namespace {

HWY_EXPORT(DecodeRow);

}  // namespace

size_t DecodeHeadScratchBytes(std::span<const ResizeSource> maps, const DecodeHeadWeights& weights,
                              int threads) {
  const DecodeHeadScratch scratch(maps, weights.projection.n);
  return static_cast<size_t>(scratch.thread_elems * threads) * sizeof(float);
}

void DecodeHead(const DecodeHeadArgs& args, const DecodeHeadWeights& weights, ThreadPool& pool) {
  const auto decode_row = HWY_DYNAMIC_DISPATCH(DecodeRow);
  const int64_t thread_elems = DecodeHeadScratch(args.maps, weights.projection.n).thread_elems;
  pool.ParallelForDynamic(args.batch * args.height, 1, [&](int64_t begin, int64_t end, int thread) {
    float* own = reinterpret_cast<float*>(args.scratch) + thread * thread_elems;
    for (int64_t row = begin; row < end; ++row) decode_row(args, weights, row, own);
  });
}

}  // namespace segforge
#endif
