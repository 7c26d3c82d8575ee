// labels[v,u] = argmax over c of logits interpolated at (v, u), the lowest class winning a tie;
// confidence[v,u] = 1 / sum over c of exp(x_c - x_label).
// Logits are wanted one class at a time with columns side by side, so each input row is transposed to [C, w]
// once. An output row interpolates two of those, then walks over vectors of output columns: their low and
// high neighbours are picked by a permutation out of one loaded vector, for no vector spans more input
// columns than it has lanes when the image grows enough; otherwise they are gathered.
#include <algorithm>

#include "backend/cpu/bilinear.h"
#include "backend/labels.h"
#include "base/check.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/cpu/upsample_argmax.cc"
#include "base/simd_targets.h"

#include "hwy/foreach_target.h"
#include "hwy/highway.h"

#include "backend/cpu/math-inl.h"

#ifndef SEGFORGE_BACKEND_CPU_UPSAMPLE_ARGMAX_CC_
#define SEGFORGE_BACKEND_CPU_UPSAMPLE_ARGMAX_CC_
namespace segforge {
namespace {

constexpr size_t kMaxLanes = 16;  // floats in the widest vector; rows are padded by as many

// One thread's part of the work and its memory.
struct ArgmaxJob {
  const float* logits;  // [height, width, classes]
  int64_t height, width, classes;
  int64_t out_height, out_width;
  void* labels;  // [out_height, out_width] u8, or u16 if wide; null: not wanted
  bool wide;
  float* confidence;     // [out_height, out_width]; null: not wanted
  size_t stride;         // floats from class to class in the rows below
  float* transposed[2];  // [classes, stride]; input row r lies in r % 2
  float* row;            // [classes, stride], interpolated between rows
  int32_t* low;          // for each output column, padded to whole vectors
  int32_t* high;
  float* weight;
};

}  // namespace
}  // namespace segforge
#endif

HWY_BEFORE_NAMESPACE();
namespace segforge {
namespace HWY_NAMESPACE {
namespace {

using D = hn::ScalableTag<float>;
using DI = hn::RebindToSigned<D>;
using V = hn::Vec<D>;
using VI = hn::Vec<DI>;

constexpr size_t kTogether =
    2;  // vectors of columns in flight: a class's comparison waits for the last one's

// The low and high neighbours of a vector of columns in a row of one class, by permutation of one vector.
class PermutedColumns {
 public:
  PermutedColumns(const ArgmaxJob& job, size_t x) : first_(job.low[x]) {
    const DI di;
    const VI first = hn::Set(di, first_);
    low_ = hn::IndicesFromVec(D(), hn::Sub(hn::LoadU(di, job.low + x), first));
    high_ = hn::IndicesFromVec(D(), hn::Sub(hn::LoadU(di, job.high + x), first));
    weight_ = hn::LoadU(D(), job.weight + x);
  }
  HWY_INLINE V At(const float* row) const {
    const V columns = hn::LoadU(D(), row + first_);
    const V low = hn::TableLookupLanes(columns, low_);
    return hn::MulAdd(weight_, hn::Sub(hn::TableLookupLanes(columns, high_), low), low);
  }

 private:
  int32_t first_;
  decltype(hn::IndicesFromVec(D(), VI())) low_, high_;
  V weight_;
};

class GatheredColumns {
 public:
  GatheredColumns(const ArgmaxJob& job, size_t x)
      : low_(hn::LoadU(DI(), job.low + x)),
        high_(hn::LoadU(DI(), job.high + x)),
        weight_(hn::LoadU(D(), job.weight + x)) {}
  HWY_INLINE V At(const float* row) const {
    const V low = hn::GatherIndex(D(), row, low_);
    return hn::MulAdd(weight_, hn::Sub(hn::GatherIndex(D(), row, high_), low), low);
  }

 private:
  VI low_, high_;
  V weight_;
};

bool VectorsSpanFewColumns(const ArgmaxJob& job) {
  const size_t lanes = hn::Lanes(D());
  for (size_t x = 0; x < static_cast<size_t>(job.out_width); x += lanes)
    if (job.high[x + lanes - 1] - job.low[x] >= static_cast<int32_t>(lanes)) return false;
  return true;
}

// Sixteen columns at a time, so that their cache lines are read for all classes while they are in L1.
void TransposeRow(const ArgmaxJob& job, int64_t y, float* HWY_RESTRICT to) {
  const float* HWY_RESTRICT from = job.logits + y * job.width * job.classes;
  for (int64_t begin = 0; begin < job.width; begin += 16) {
    const int64_t end = std::min(begin + 16, job.width);
    for (int64_t c = 0; c < job.classes; ++c) {
      for (int64_t x = begin; x < end; ++x)
        to[static_cast<size_t>(c) * job.stride + static_cast<size_t>(x)] = from[x * job.classes + c];
    }
  }
}

void InterpolateTransposed(const ArgmaxJob& job, const BilinearTap& tap) {
  const D d;
  const float* low = job.transposed[tap.low % 2];
  const float* high = job.transposed[tap.high % 2];
  const V weight = hn::Set(d, tap.high_weight);
  for (size_t i = 0; i < static_cast<size_t>(job.classes) * job.stride; i += hn::Lanes(d)) {
    const V from = hn::LoadU(d, low + i);
    hn::StoreU(hn::MulAdd(weight, hn::Sub(hn::LoadU(d, high + i), from), from), d, job.row + i);
  }
}

// The first `count` lanes as labels at `to`.
template <typename T>
HWY_INLINE void StoreLabels(V labels, T* to, size_t count) {
  const hn::Rebind<T, D> d;
  const auto narrow = hn::DemoteTo(d, hn::ConvertTo(DI(), labels));
  if (count >= hn::Lanes(d)) return hn::StoreU(narrow, d, to);
  HWY_ALIGN T lanes[kMaxLanes];
  hn::StoreU(narrow, d, lanes);
  std::copy(lanes, lanes + count, to);
}

template <class Columns>
HWY_INLINE V Confidence(const ArgmaxJob& job, const Columns& columns, V best) {
  const D d;
  V sum = hn::Zero(d);
  for (size_t c = 0; c < static_cast<size_t>(job.classes); ++c)
    sum = hn::Add(sum, ExpNonPositive(d, hn::Sub(columns.At(job.row + c * job.stride), best)));
  return hn::Div(hn::Set(d, 1.0f), sum);
}

// Columns x .. of output row y, kTogether vectors of them; the last ones may lie beyond the row's end.
template <class Columns>
HWY_INLINE void LabelColumns(const ArgmaxJob& job, int64_t y, size_t x) {
  const D d;
  const size_t lanes = hn::Lanes(d), width = static_cast<size_t>(job.out_width);
  const Columns columns[kTogether] = {Columns(job, x), Columns(job, x + lanes)};
  V best[kTogether], label[kTogether];
  for (size_t k = 0; k < kTogether; ++k) {
    best[k] = columns[k].At(job.row);
    label[k] = hn::Zero(d);
  }
  for (size_t c = 1; c < static_cast<size_t>(job.classes); ++c) {
    const V class_index = hn::Set(d, static_cast<float>(c));
    for (size_t k = 0; k < kTogether; ++k) {
      const V value = columns[k].At(job.row + c * job.stride);
      const auto better = hn::Gt(value, best[k]);
      best[k] = hn::IfThenElse(better, value, best[k]);
      label[k] = hn::IfThenElse(better, class_index, label[k]);
    }
  }
  for (size_t k = 0; k < kTogether && x + k * lanes < width; ++k) {
    const size_t at = static_cast<size_t>(y) * width + x + k * lanes;
    const size_t count = std::min(lanes, width - x - k * lanes);
    if (job.labels != nullptr && job.wide)
      StoreLabels(label[k], static_cast<uint16_t*>(job.labels) + at, count);
    if (job.labels != nullptr && !job.wide)
      StoreLabels(label[k], static_cast<uint8_t*>(job.labels) + at, count);
    if (job.confidence == nullptr) continue;
    HWY_ALIGN float confidences[kMaxLanes];
    hn::Store(Confidence(job, columns[k], best[k]), d, confidences);
    std::copy(confidences, confidences + count, job.confidence + at);
  }
}

// Output rows begin .. end - 1. Two neighbouring input rows are kept transposed.
void LabelRows(const ArgmaxJob& job, int64_t begin, int64_t end) {
  const BilinearAxis axis(job.height, job.out_height);
  const bool permute = VectorsSpanFewColumns(job);
  const size_t step = kTogether * hn::Lanes(D());
  int64_t held[2] = {-1, -1};
  for (int64_t y = begin; y < end; ++y) {
    const BilinearTap tap = axis.At(y);
    for (const int32_t row : {tap.low, tap.high}) {
      if (held[row % 2] == row) continue;
      TransposeRow(job, row, job.transposed[row % 2]);
      held[row % 2] = row;
    }
    InterpolateTransposed(job, tap);
    for (size_t x = 0; x < static_cast<size_t>(job.out_width); x += step) {
      if (permute) {
        LabelColumns<PermutedColumns>(job, y, x);
      } else {
        LabelColumns<GatheredColumns>(job, y, x);
      }
    }
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace segforge
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace segforge {
namespace {

HWY_EXPORT(LabelRows);

// Multiples of a cache line; columns beyond the last are read, never used.
size_t PaddedFloats(int64_t count, size_t padding) {
  return (static_cast<size_t>(count) + padding + 15) / 16 * 16;
}
size_t ClassStride(int64_t width) { return PaddedFloats(width, kMaxLanes); }
size_t ColumnStride(int64_t out_width) { return PaddedFloats(out_width, 2 * kMaxLanes); }
size_t ThreadFloats(const Shape& logits) {
  return 3 * static_cast<size_t>(logits[2]) * ClassStride(logits[1]);
}

// low, high and weight of each output column, those beyond the last repeating it.
void FillColumns(const ArgmaxJob& job) {
  const BilinearAxis axis(job.width, job.out_width);
  for (size_t x = 0; x < ColumnStride(job.out_width); ++x) {
    const BilinearTap tap = axis.At(std::min(static_cast<int64_t>(x), job.out_width - 1));
    job.low[x] = tap.low;
    job.high[x] = tap.high;
    job.weight[x] = tap.high_weight;
  }
}

}  // namespace

size_t CpuUpsampleArgmaxScratchBytes(const Shape& logits, int64_t out_width, int threads) {
  return sizeof(float) * (3 * ColumnStride(out_width) + static_cast<size_t>(threads) * ThreadFloats(logits));
}

void CpuUpsampleArgmax(const ConstTensorView& logits, const LabelMaps& maps, ThreadPool& pool,
                       std::byte* scratch) {
  const Shape& in = logits.shape;
  const Shape& out = maps.labels.data != nullptr ? maps.labels.shape : maps.confidence.shape;
  auto* columns = reinterpret_cast<float*>(scratch);
  const size_t column_stride = ColumnStride(out[1]);
  ArgmaxJob job = {.logits = logits.as<float>(),
                   .height = in[0],
                   .width = in[1],
                   .classes = in[2],
                   .out_height = out[0],
                   .out_width = out[1],
                   .labels = maps.labels.data,
                   .wide = maps.labels.dtype != DType::kU8,
                   .confidence = maps.confidence.data == nullptr ? nullptr : maps.confidence.as<float>(),
                   .stride = ClassStride(in[1]),
                   .transposed = {},
                   .row = nullptr,
                   .low = reinterpret_cast<int32_t*>(columns),
                   .high = reinterpret_cast<int32_t*>(columns + column_stride),
                   .weight = columns + 2 * column_stride};
  FillColumns(job);
  const size_t map_floats = static_cast<size_t>(job.classes) * job.stride;
  pool.ParallelFor(out[0], 1, [&](int64_t begin, int64_t end, int thread) {
    ArgmaxJob mine = job;
    float* memory = columns + 3 * column_stride + static_cast<size_t>(thread) * ThreadFloats(in);
    std::fill(memory, memory + 2 * map_floats, 0.0f);  // the padding: neither traps nor unset memory there
    mine.transposed[0] = memory;
    mine.transposed[1] = memory + map_floats;
    mine.row = memory + 2 * map_floats;
    HWY_DYNAMIC_DISPATCH(LabelRows)(mine, begin, end);
  });
}

void CpuUpsampleArgmax(const ConstTensorView& logits, const LabelMaps& maps, ThreadPool& pool) {
  const Shape& out = maps.labels.data != nullptr ? maps.labels.shape : maps.confidence.shape;
  const AlignedBuffer scratch(CpuUpsampleArgmaxScratchBytes(logits.shape, out[1], pool.threads()));
  CpuUpsampleArgmax(logits, maps, pool, scratch.data());
}

}  // namespace segforge
#endif  // HWY_ONCE
