// C = activation(A B + bias + residual), with B packed once and A read where it lies.
//
// B is cut into panels of PanelWidth() columns, [panel][k][column], so that the inner loop reads it front to
// back. A is never copied: a row is a run of `segments` pieces of memory, which makes a convolution's window,
// a patch and a token all the same thing.
#pragma once

#include <cstdint>

#include "base/tensor.h"
#include "base/thread_pool.h"
#include "ir/op.h"

namespace segforge {

// Rows of A: row m starts at data + (m / group) * group_stride + (m % group) * row_stride and holds
// segments * segment_elems floats, each segment segment_stride after the one before. Strides in elements.
struct GemmRows {
  const float* data = nullptr;
  int64_t row_stride = 0;
  int64_t group = 0;  // 0: one group
  int64_t group_stride = 0;
  int64_t segments = 1;
  int64_t segment_stride = 0;
  int64_t segment_elems = 0;

  const float* Row(int64_t m) const {
    return group == 0 ? data + m * row_stride : data + m / group * group_stride + m % group * row_stride;
  }
};

inline GemmRows DenseRows(const float* data, int64_t columns) {
  return {.data = data, .row_stride = columns, .segment_elems = columns};
}

// Weights [n, k] (a Linear's own layout) packed for A [.., k] -> C [.., n]; columns past n are zero.
struct PackedWeights {
  AlignedBuffer panels;
  AlignedBuffer bias;  // n floats and zeros up to a whole panel
  int64_t k = 0;
  int64_t n = 0;

  const float* panel_data() const { return reinterpret_cast<const float*>(panels.data()); }
  const float* bias_data() const { return reinterpret_cast<const float*>(bias.data()); }
};

struct GemmOutput {
  float* data = nullptr;  // [m, n]
  int64_t row_stride = 0;
  const float* residual = nullptr;  // [m, n], or null; may be `data` itself
  int64_t residual_stride = 0;
  Activation activation = Activation::kNone;
};

// weights [n, k...] and bias [n] (or null) are read once and not kept. Uses the CPU target that is active
// now.
PackedWeights PackMatrix(const Tensor& weights, const float* bias);

int64_t PanelWidth();  // columns of a panel on the active target
int64_t TileRows();    // rows that the inner loop takes at once
inline int64_t PanelsOf(const PackedWeights& b) { return (b.n + PanelWidth() - 1) / PanelWidth(); }

// How a pool divides row_tiles x panels of equal work: threads over rows times threads over columns.
struct GridSplit {
  int rows = 1;
  int columns = 1;
};
GridSplit SplitGrid(int64_t row_tiles, int64_t panels, int threads);

// Rows [0, m) and panels [panel_begin, panel_end) on the calling thread.
void GemmPart(const GemmRows& a, int64_t m, const PackedWeights& b, int64_t panel_begin, int64_t panel_end,
              const GemmOutput& c);

// All m rows on the pool, split over rows and columns so that the threads' shares are as equal as tiles
// allow.
void Gemm(const GemmRows& a, int64_t m, const PackedWeights& b, const GemmOutput& c, ThreadPool& pool);

}  // namespace segforge
