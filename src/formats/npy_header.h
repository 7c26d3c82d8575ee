// The header of a .npy file: a Python dict of three entries, written as text.
#pragma once

#include <string>
#include <string_view>

#include "base/dtype.h"
#include "base/shape.h"

namespace segforge {

struct NpyHeader {
  DType dtype = DType::kF32;
  Shape shape;
  bool fortran_order = false;
};

Result<NpyHeader> ParseNpyHeader(std::string_view text);

// Row-major. Any type but bf16.
std::string FormatNpyHeader(DType dtype, const Shape& shape);

}  // namespace segforge
