// The core of bilinear resizing of channels-last maps, for kernels that fuse it.

#include <cstddef>
#include <limits>

#include "backend/cpu/bilinear.h"
#include "backend/cpu/math-inl.h"
#include "backend/cpu/partial-inl.h"
#include "hwy/highway.h"
#include "ir/op.h"

#if defined(SEGFORGE_BACKEND_CPU_RESIZE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SEGFORGE_BACKEND_CPU_RESIZE_INL_H_
#undef SEGFORGE_BACKEND_CPU_RESIZE_INL_H_
#else
#define SEGFORGE_BACKEND_CPU_RESIZE_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace segforge {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// out[i] = low[i] + weight * (high[i] - low[i])
HWY_INLINE void InterpolateRows(const float* low, const float* high, float weight, size_t count, float* out) {
  const hn::ScalableTag<float> d;
  const auto high_weight = hn::Set(d, weight);
  ForEachVector(d, count, [&](size_t i, auto lanes) HWY_ATTR {
    const auto from = lanes.Load(d, low + i);
    lanes.Store(hn::MulAdd(high_weight, hn::Sub(lanes.Load(d, high + i), from), from), d, out + i);
  });
}

// A row that is already interpolated between rows, and where its columns go.
struct ResizedRow {
  const float* row = nullptr;              // [width, C]
  BilinearAxis axis = BilinearAxis(1, 1);  // from its width to the output's
};

// Where a resized map goes: output row `row`, counted over the batch, of maps of height x width.
struct OutputRow {
  int64_t row, height, width;
};

// Interpolates the two rows of each source that an output row lies between into scratch, one source after the
// other. Fills rows[0, sources.size()).
HWY_INLINE void InterpolateSources(std::span<const ResizeSource> sources, const OutputRow& out,
                                   int64_t channels, float* scratch, ResizedRow* rows) {
  for (const ResizeSource& source : sources) {
    const BilinearTap tap = BilinearAxis(source.height, out.height).At(out.row % out.height);
    const int64_t row_elems = source.width * channels;
    const float* map = source.map + out.row / out.height * source.height * row_elems;
    InterpolateRows(map + tap.low * row_elems, map + tap.high * row_elems, tap.high_weight,
                    static_cast<size_t>(row_elems), scratch);
    *rows++ = {scratch, BilinearAxis(source.width, out.width)};
    scratch += row_elems;
  }
}

// The output columns to compute.
struct ColumnRange {
  size_t begin, end;
};

// out[x, c] = max(floor, base[x, c] + sum over kRows of rows[r] interpolated at x) for x in the range, where
// base and out start at its first column; base may be null (zero) or out itself.
template <size_t kRows>
HWY_INLINE void AddColumns(const float* base, const ResizedRow* rows, ColumnRange columns, size_t channels,
                           float floor, float* out) {
  const hn::ScalableTag<float> d;
  using V = hn::Vec<decltype(d)>;
  for (size_t x = columns.begin; x < columns.end; ++x) {
    const float *low[kRows + 1], *high[kRows + 1];  // one more, since kRows may be 0
    V low_weight[kRows + 1], high_weight[kRows + 1];
    for (size_t r = 0; r != kRows; ++r) {
      const BilinearTap tap = rows[r].axis.At(static_cast<int64_t>(x));
      low[r] = rows[r].row + static_cast<size_t>(tap.low) * channels;
      high[r] = rows[r].row + static_cast<size_t>(tap.high) * channels;
      high_weight[r] = hn::Set(d, tap.high_weight);
      low_weight[r] = hn::Set(d, 1.0f - tap.high_weight);
    }
    const size_t pixel = (x - columns.begin) * channels;
    ForEachVector(d, channels, [&](size_t c, auto lanes) HWY_ATTR {
      V sum = base != nullptr ? lanes.Load(d, base + pixel + c) : hn::Zero(d);
      for (size_t r = 0; r != kRows; ++r) {
        sum = hn::MulAdd(lanes.Load(d, low[r] + c), low_weight[r], sum);
        sum = hn::MulAdd(lanes.Load(d, high[r] + c), high_weight[r], sum);
      }
      lanes.Store(hn::Max(sum, hn::Set(d, floor)), d, out + pixel + c);
    });
  }
}

// out = activation(base + sum of `count` rows resized in x), for some columns of one row. Three rows, as
// SegFormer's head has them, and a ReLU are one pass.
HWY_INLINE void UpsampleSumRow(const float* base, const ResizedRow* rows, size_t count, ColumnRange columns,
                               size_t channels, Activation activation, float* out) {
  constexpr size_t kTogether = 3;
  constexpr float kNoFloor = -std::numeric_limits<float>::infinity();
  for (; count > kTogether; count -= kTogether, rows += kTogether, base = out)
    AddColumns<kTogether>(base, rows, columns, channels, kNoFloor, out);
  const float floor = activation == Activation::kRelu ? 0.0f : kNoFloor;
  if (count == 3) AddColumns<3>(base, rows, columns, channels, floor, out);
  if (count == 2) AddColumns<2>(base, rows, columns, channels, floor, out);
  if (count == 1) AddColumns<1>(base, rows, columns, channels, floor, out);
  if (count == 0) AddColumns<0>(base, rows, columns, channels, floor, out);
  if (activation != Activation::kGelu) return;
  const hn::ScalableTag<float> d;
  ForEachVector(d, (columns.end - columns.begin) * channels, [&](size_t i, auto lanes) HWY_ATTR {
    lanes.Store(Gelu(d, lanes.Load(d, out + i)), d, out + i);
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace segforge
HWY_AFTER_NAMESPACE();

#endif  // include guard, toggled for each target
