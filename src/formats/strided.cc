#include "formats/strided.h"

#include <cstring>

namespace segforge {

Strides RowMajorStrides(const Shape& shape) {
  Strides strides = {};
  int64_t step = 1;
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    strides[static_cast<size_t>(axis)] = step;
    step *= shape[axis];
  }
  return strides;
}

Strides ColumnMajorStrides(const Shape& shape) {
  Strides strides = {};
  int64_t step = 1;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    strides[static_cast<size_t>(axis)] = step;
    step *= shape[axis];
  }
  return strides;
}

bool IsRowMajor(const Shape& shape, const Strides& strides) {
  if (shape.elems() == 0) return true;
  const Strides dense = RowMajorStrides(shape);
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const auto i = static_cast<size_t>(axis);
    if (shape[axis] > 1 && strides[i] != dense[i]) return false;
  }
  return true;
}

Result<int64_t> ExtentElems(const Shape& shape, const Strides& strides) {
  int64_t extent = shape.elems() == 0 ? 0 : 1;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const int64_t stride = strides[static_cast<size_t>(axis)];
    if (stride < 0) return InvalidInput("negative stride {}", stride);
    if (extent == 0) continue;
    int64_t span = 0;
    if (__builtin_mul_overflow(shape[axis] - 1, stride, &span) ||
        __builtin_add_overflow(extent, span, &extent))
      return InvalidInput("stride {} is too large", stride);
  }
  return extent;
}

Result<std::shared_ptr<AlignedBuffer>> CopyToRowMajor(const ConstTensorView& source, Strides strides) {
  for (int axis = 0; axis < source.shape.rank(); ++axis) {
    if (source.shape[axis] == 1) strides[static_cast<size_t>(axis)] = 0;  // unchecked, so perhaps huge
  }
  SEGFORGE_ASSIGN_OR_RETURN(auto buffer, AllocateChecked(source.bytes(), "a tensor's dense copy"));
  const size_t elem_bytes = SizeOf(source.dtype);
  const int last = source.shape.rank() - 1;
  const auto* from = static_cast<const std::byte*>(source.data);
  std::byte* to = buffer->data();
  std::array<int64_t, Shape::kMaxRank> index = {};
  int64_t offset = 0;
  for (int64_t i = source.shape.elems(); i > 0; --i, to += elem_bytes) {
    std::memcpy(to, from + static_cast<size_t>(offset) * elem_bytes, elem_bytes);
    for (int axis = last; axis >= 0; --axis) {  // an odometer over the axes
      const auto a = static_cast<size_t>(axis);
      offset += strides[a];
      if (++index[a] < source.shape[axis]) break;
      offset -= strides[a] * source.shape[axis];
      index[a] = 0;
    }
  }
  return buffer;
}

}  // namespace segforge
