// Operations that only move elements: Reshape, Transpose, Concat.
#include <algorithm>
#include <array>

#include "backend/ref/ops.h"

namespace segforge::ref {

void Reshape(const Call& call) {
  if (call.floats(0) == call.output()) return;  // the plan may give both the same memory
  std::copy_n(call.floats(0), call.output_shape().elems(), call.output());
}

// y's axis i is x's axis permutation[i].
void Transpose(const Call& call) {
  const std::vector<int>& permutation = call.as<TransposeAttrs>().permutation;
  const Shape& in = call.shape(0);
  const Shape& out = call.output_shape();
  std::array<int64_t, Shape::kMaxRank> in_strides = {};
  int64_t stride = 1;
  for (int axis = in.rank() - 1; axis >= 0; --axis) {
    in_strides[static_cast<size_t>(axis)] = stride;
    stride *= in[axis];
  }
  call.pool().ParallelFor(out.elems(), 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i) {
      int64_t from = 0;
      for (int64_t axis = out.rank() - 1, left = i; axis >= 0; left /= out[static_cast<int>(axis)], --axis) {
        const auto source_axis = static_cast<size_t>(permutation[static_cast<size_t>(axis)]);
        from += left % out[static_cast<int>(axis)] * in_strides[source_axis];
      }
      call.output()[i] = call.floats(0)[from];
    }
  });
}

void Concat(const Call& call) {
  const int64_t width = call.output_shape().back();
  call.pool().ParallelFor(Rows(call.output_shape()), 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t row = begin; row < end; ++row) {
      float* y = call.output() + row * width;
      for (size_t input = 0; input < call.inputs(); ++input) {
        const int64_t part = call.shape(input).back();
        y = std::copy_n(call.floats(input) + row * part, part, y);
      }
    }
  });
}

}  // namespace segforge::ref
