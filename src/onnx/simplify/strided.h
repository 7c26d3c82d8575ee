// Elements copied from one arrangement to another, whatever their type.
#pragma once

#include <cstring>

#include "base/tensor.h"

namespace segforge::simplify {

// Calls `visit(offset, index)` for every element of `shape` in its order: the sum of strides times
// coordinates, and the element's own number.
template <typename Visit>
void ForEachStrided(const Shape& shape, const std::vector<int64_t>& strides, const Visit& visit) {
  const auto rank = static_cast<size_t>(shape.rank());
  std::vector<int64_t> at(rank, 0);
  int64_t offset = 0;
  for (int64_t i = 0; i < shape.elems(); ++i) {
    visit(offset, i);
    for (size_t axis = rank; axis-- > 0;) {
      offset += strides[axis];
      if (++at[axis] < shape[static_cast<int>(axis)]) break;
      offset -= strides[axis] * at[axis];
      at[axis] = 0;
    }
  }
}

inline void CopyElement(const ConstTensorView& from, int64_t source, Tensor& to, int64_t target) {
  const size_t bytes = SizeOf(from.dtype);
  std::memcpy(static_cast<std::byte*>(to.view().data) + static_cast<size_t>(target) * bytes,
              static_cast<const std::byte*>(from.data) + static_cast<size_t>(source) * bytes, bytes);
}

// How far apart neighbours along each axis are, in elements.
inline std::vector<int64_t> StridesOf(const Shape& shape) {
  std::vector<int64_t> strides(static_cast<size_t>(shape.rank()));
  int64_t stride = 1;
  for (int axis = shape.rank(); axis-- > 0;) {
    strides[static_cast<size_t>(axis)] = stride;
    stride *= shape[axis];
  }
  return strides;
}

// The strides that read a tensor of shape `from` as one of shape `to`: 0 along axes that are repeated.
inline std::vector<int64_t> BroadcastStrides(const Shape& from, const Shape& to) {
  const std::vector<int64_t> own = StridesOf(from);
  std::vector<int64_t> strides(static_cast<size_t>(to.rank()), 0);
  const int offset = to.rank() - from.rank();
  for (int axis = 0; axis < from.rank(); ++axis) {
    if (from[axis] != 1)
      strides[static_cast<size_t>(axis) + static_cast<size_t>(offset)] = own[static_cast<size_t>(axis)];
  }
  return strides;
}

}  // namespace segforge::simplify
