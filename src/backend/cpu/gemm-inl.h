// The inner loops of every matrix product on the CPU, for the target being compiled.
#if defined(SEGFORGE_BACKEND_CPU_GEMM_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SEGFORGE_BACKEND_CPU_GEMM_INL_H_
#undef SEGFORGE_BACKEND_CPU_GEMM_INL_H_
#else
#define SEGFORGE_BACKEND_CPU_GEMM_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <cstdint>

#include "backend/cpu/gemm.h"
#include "backend/cpu/math-inl.h"

#ifndef SEGFORGE_UNROLL
#ifdef __clang__
#define SEGFORGE_UNROLL _Pragma("clang loop unroll(full)")
#else
#define SEGFORGE_UNROLL _Pragma("GCC unroll 16")
#endif
#endif

HWY_BEFORE_NAMESPACE();
namespace segforge {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using FloatTag = hn::ScalableTag<float>;
using FloatVec = hn::Vec<FloatTag>;

inline constexpr int kLanes = static_cast<int>(HWY_LANES(float));
// A tile is kTileRows x kTileVectors accumulators. Two products a cycle at a latency of four need eight in
// flight; each step loads kTileVectors vectors of B and kTileRows broadcasts of A, which must stay below two
// loads a cycle. 16 registers (AVX2): 6 x 2 + 2 + 1 = 15. 32 registers: 8 x 2 with AVX-512 (a panel of 32
// columns divides every width of SegFormer; more rows would spill their pointers), 6 x 4 with NEON.
#if HWY_TARGET == HWY_AVX2
inline constexpr int kTileRows = 6, kTileVectors = 2;
#elif HWY_MAX_BYTES >= 64
inline constexpr int kTileRows = 8, kTileVectors = 2;
#elif HWY_ARCH_ARM
inline constexpr int kTileRows = 6, kTileVectors = 4;
#else
inline constexpr int kTileRows = 4, kTileVectors = 2;
#endif
inline constexpr int kPanelWidth = kLanes * kTileVectors;

// What becomes of a tile of sums. A functor sees each vector once: sums of row `row` of the tile, columns
// [vector * kLanes, +kLanes) of the panel, of which `columns` of the panel exist.
template <int kRows, int kVectors = kTileVectors, class Start, class Finish>
HWY_INLINE void MultiplyTile(const float* const* rows, int64_t segments, int64_t segment_stride,
                             int64_t segment_elems, const float* HWY_RESTRICT panel, const Start& start,
                             const Finish& finish) {
  const FloatTag d;
  FloatVec sums[kRows][kVectors];
  SEGFORGE_UNROLL
  for (int r = 0; r < kRows; ++r) {
    SEGFORGE_UNROLL
    for (int v = 0; v < kVectors; ++v) sums[r][v] = start(d, r, v);
  }
  for (int64_t segment = 0; segment < segments; ++segment) {
    const float* a[kRows];
    SEGFORGE_UNROLL
    for (int r = 0; r < kRows; ++r) a[r] = rows[r] + segment * segment_stride;
    for (int64_t k = 0; k < segment_elems; ++k) {
      FloatVec b[kVectors];
      SEGFORGE_UNROLL
      for (int v = 0; v < kVectors; ++v) b[v] = hn::Load(d, panel + v * kLanes);
      panel += kPanelWidth;
      SEGFORGE_UNROLL
      for (int r = 0; r < kRows; ++r) {
        const FloatVec x = hn::Set(d, a[r][k]);
        SEGFORGE_UNROLL
        for (int v = 0; v < kVectors; ++v) sums[r][v] = hn::MulAdd(x, b[v], sums[r][v]);
      }
    }
  }
  SEGFORGE_UNROLL
  for (int r = 0; r < kRows; ++r) {
    SEGFORGE_UNROLL
    for (int v = 0; v < kVectors; ++v) finish(d, r, v, sums[r][v]);
  }
}

// Calls body(std::integral_constant<int, rows>) for the 1..kTileRows rows of a last tile.
template <int kRows = kTileRows, class Body>
HWY_INLINE void WithRows(int64_t rows, const Body& body) {
  if constexpr (kRows == 1) {
    body(std::integral_constant<int, 1>());
  } else if (rows >= kRows) {
    body(std::integral_constant<int, kRows>());
  } else {
    WithRows<kRows - 1>(rows, body);
  }
}

HWY_INLINE FloatVec Activate(FloatTag d, FloatVec x, Activation activation) {
  if (activation == Activation::kRelu) return hn::Max(x, hn::Zero(d));
  if (activation == Activation::kGelu) return Gelu(d, x);
  return x;
}

// The tile of C at rows [m, m + kRows), panel `p` of B.
template <int kRows>
HWY_INLINE void GemmTile(const GemmRows& a, int64_t m, const PackedWeights& b, int64_t p,
                         const GemmOutput& c) {
  const float* rows[kRows];
  for (int r = 0; r < kRows; ++r) rows[r] = a.Row(m + r);
  const int64_t first = p * kPanelWidth;
  const int64_t columns = std::min<int64_t>(kPanelWidth, b.n - first);
  const float* bias = b.bias_data() + first;
  const auto start = [bias](FloatTag d, int, int v) HWY_ATTR { return hn::Load(d, bias + v * kLanes); };
  const float* panel = b.panel_data() + p * kPanelWidth * b.k;
  if (columns == kPanelWidth) {
    MultiplyTile<kRows>(rows, a.segments, a.segment_stride, a.segment_elems, panel, start,
                        [&](FloatTag d, int r, int v, FloatVec sum) HWY_ATTR {
                          const int64_t column = first + v * kLanes;
                          if (c.residual != nullptr) {
                            const float* residual = c.residual + (m + r) * c.residual_stride;
                            sum = hn::Add(sum, hn::LoadU(d, residual + column));
                          }
                          hn::StoreU(Activate(d, sum, c.activation), d,
                                     c.data + (m + r) * c.row_stride + column);
                        });
    return;
  }
  alignas(64) float spill[kRows][kPanelWidth] = {};  // a last, partial panel: copied element by element
  if (c.residual != nullptr) {
    for (int r = 0; r < kRows; ++r) {
      const float* residual = c.residual + (m + r) * c.residual_stride + first;
      std::copy(residual, residual + columns, spill[r]);
    }
  }
  const auto finish = [&](FloatTag d, int r, int v, FloatVec sum) HWY_ATTR {
    float* target = spill[r] + v * kLanes;
    hn::Store(Activate(d, hn::Add(sum, hn::Load(d, target)), c.activation), d, target);
  };
  if (columns <= kLanes) {  // as few as the classes of most models: half the work with AVX-512
    MultiplyTile<kRows, 1>(rows, a.segments, a.segment_stride, a.segment_elems, panel, start, finish);
  } else {
    MultiplyTile<kRows>(rows, a.segments, a.segment_stride, a.segment_elems, panel, start, finish);
  }
  for (int r = 0; r < kRows; ++r) {
    std::copy(spill[r], spill[r] + columns, c.data + (m + r) * c.row_stride + first);
  }
}

// Rows [m_begin, m_end) and panels [p_begin, p_end). Blocks of rows keep A in the second-level cache while
// the panels of B pass; each panel then serves the whole block from the first-level cache.
inline constexpr int64_t kBlockElems = 32 * 1024;  // of A: 128 KiB

HWY_INLINE void GemmBlock(const GemmRows& a, int64_t m_begin, int64_t m_end, const PackedWeights& b,
                          int64_t p_begin, int64_t p_end, const GemmOutput& c) {
  const int64_t block = std::max<int64_t>(kBlockElems / b.k / kTileRows, 4) * kTileRows;
  for (int64_t m0 = m_begin; m0 < m_end; m0 += block) {
    const int64_t m1 = std::min(m_end, m0 + block);
    for (int64_t p = p_begin; p < p_end; ++p) {
      int64_t m = m0;
      for (; m + kTileRows <= m1; m += kTileRows) GemmTile<kTileRows>(a, m, b, p, c);
      if (m < m1) WithRows(m1 - m, [&](auto rows) HWY_ATTR { GemmTile<rows()>(a, m, b, p, c); });
    }
  }
}

HWY_INLINE int64_t Panels(int64_t n) { return (n + kPanelWidth - 1) / kPanelWidth; }

}  // namespace HWY_NAMESPACE
}  // namespace segforge
HWY_AFTER_NAMESPACE();

#endif
