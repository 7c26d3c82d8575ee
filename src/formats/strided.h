// Dense copies of tensors that a file stores in another order.
#pragma once

#include <array>
#include <memory>

#include "base/tensor.h"
#include "formats/shared_bytes.h"

namespace segforge {

// Strides count elements, one per axis of the shape it goes with.
using Strides = std::array<int64_t, Shape::kMaxRank>;

Strides RowMajorStrides(const Shape& shape);
Strides ColumnMajorStrides(const Shape& shape);

// True when elements lie as RowMajorStrides says; the stride of an axis of size 1 does not matter.
bool IsRowMajor(const Shape& shape, const Strides& strides);

// Elements from the first to behind the last, or nothing when a stride is negative or the extent overflows.
Result<int64_t> ExtentElems(const Shape& shape, const Strides& strides);

// Copies the strided tensor at source.data into a row-major buffer. The caller has checked that the extent
// lies inside its bytes. kOutOfMemory when the copy does not fit.
Result<std::shared_ptr<AlignedBuffer>> CopyToRowMajor(const ConstTensorView& source, Strides strides);

}  // namespace segforge
