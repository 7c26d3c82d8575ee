#include "backend/cpu/gemm.h"

#include <cstring>

#include "base/simd_targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/cpu/gemm.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "backend/cpu/gemm-inl.h"

HWY_BEFORE_NAMESPACE();
namespace segforge {
namespace HWY_NAMESPACE {
namespace {

int64_t PanelWidthOfTarget() { return kPanelWidth; }
int64_t TileRowsOfTarget() { return kTileRows; }

void GemmRange(const GemmRows& a, int64_t m_begin, int64_t m_end, const PackedWeights& b, int64_t p_begin,
               int64_t p_end, const GemmOutput& c) {
  GemmBlock(a, m_begin, m_end, b, p_begin, p_end, c);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace segforge
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace segforge {
namespace {

HWY_EXPORT(PanelWidthOfTarget);
HWY_EXPORT(TileRowsOfTarget);
HWY_EXPORT(GemmRange);

int64_t CeilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

}  // namespace

int64_t PanelWidth() { return HWY_DYNAMIC_DISPATCH(PanelWidthOfTarget)(); }
int64_t TileRows() { return HWY_DYNAMIC_DISPATCH(TileRowsOfTarget)(); }

// The largest share decides the time; of equals, the one with most threads over rows reads the least of A
// twice.
GridSplit SplitGrid(int64_t row_tiles, int64_t panels, int threads) {
  GridSplit best = {threads, 1};
  int64_t best_share = CeilDiv(row_tiles, threads) * panels;
  for (int rows = threads - 1; rows >= 1; --rows) {
    const int columns = threads / rows;
    const int64_t share = CeilDiv(row_tiles, rows) * CeilDiv(panels, columns);
    if (share < best_share) {
      best_share = share;
      best = {rows, columns};
    }
  }
  return best;
}

PackedWeights PackMatrix(const Tensor& weights, const float* bias) {
  const int64_t n = weights.shape()[0];
  const int64_t k = weights.shape().elems() / n;
  const int64_t width = PanelWidth();
  const int64_t padded = CeilDiv(n, width) * width;
  PackedWeights packed{.panels = AlignedBuffer(static_cast<size_t>(padded * k) * sizeof(float)),
                       .bias = AlignedBuffer(static_cast<size_t>(padded) * sizeof(float)),
                       .k = k,
                       .n = n};
  const float* source = weights.span<float>().data();
  auto* target = reinterpret_cast<float*>(packed.panels.data());
  for (int64_t p = 0; p < padded; p += width) {
    for (int64_t i = 0; i < k; ++i) {
      for (int64_t j = p; j < p + width; ++j) *target++ = j < n ? source[j * k + i] : 0.0f;
    }
  }
  std::memset(packed.bias.data(), 0, packed.bias.bytes());
  if (bias != nullptr) std::memcpy(packed.bias.data(), bias, static_cast<size_t>(n) * sizeof(float));
  return packed;
}

void GemmPart(const GemmRows& a, int64_t m, const PackedWeights& b, int64_t panel_begin, int64_t panel_end,
              const GemmOutput& c) {
  HWY_DYNAMIC_DISPATCH(GemmRange)(a, 0, m, b, panel_begin, panel_end, c);
}

void Gemm(const GemmRows& a, int64_t m, const PackedWeights& b, const GemmOutput& c, ThreadPool& pool) {
  const auto part = HWY_DYNAMIC_DISPATCH(GemmRange);
  const int64_t tile = TileRows();
  const int64_t row_tiles = CeilDiv(m, tile);
  const int64_t panels = PanelsOf(b);
  const GridSplit split = SplitGrid(row_tiles, panels, pool.threads());
  pool.Run([&](int thread) {
    const int64_t r = thread / split.columns;
    const int64_t j = thread % split.columns;
    if (r >= split.rows) return;
    part(a, row_tiles * r / split.rows * tile, std::min(m, row_tiles * (r + 1) / split.rows * tile), b,
         panels * j / split.columns, panels * (j + 1) / split.columns, c);
  });
}

}  // namespace segforge
#endif
