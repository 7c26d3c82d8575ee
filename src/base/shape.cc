#include "base/shape.h"

#include <fmt/ranges.h>

namespace segforge {

Shape::Shape(std::span<const int64_t> dims) : rank_(static_cast<int>(dims.size())) {
  SEGFORGE_CHECK(dims.size() <= kMaxRank);
  for (size_t i = 0; i < dims.size(); ++i) {
    SEGFORGE_CHECK(dims[i] >= 0);
    dims_[i] = dims[i];
  }
}

Result<Shape> Shape::FromUntrusted(std::span<const int64_t> dims) {
  if (dims.size() > kMaxRank) return InvalidInput("rank {} exceeds {}", dims.size(), kMaxRank);
  int64_t elems = 1;
  for (int64_t dim : dims) {
    if (dim < 0) return InvalidInput("negative size {} in shape", dim);
    if (__builtin_mul_overflow(elems, dim, &elems) || elems > (int64_t{1} << 48)) {
      return InvalidInput("shape [{}] has too many elements", fmt::join(dims, ", "));
    }
  }
  return Shape(dims);
}

int64_t Shape::elems() const {
  int64_t product = 1;
  for (int64_t dim : dims()) product *= dim;
  return product;
}

std::string ToString(const Shape& shape) { return fmt::format("[{}]", fmt::join(shape.dims(), ", ")); }

}  // namespace segforge
