#include "api/planes.h"

namespace segforge {
namespace {

// Each of `images` matrices [rows, columns] becomes [columns, rows].
void Transpose(const float* source, float* target, int64_t images, int64_t rows, int64_t columns) {
  for (int64_t n = 0; n < images; ++n) {
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t c = 0; c < columns; ++c) target[c * rows + r] = source[r * columns + c];
    }
    source += rows * columns;
    target += rows * columns;
  }
}

}  // namespace

Tensor ToPlanes(const ConstTensorView& maps) {
  const Shape& from = maps.shape;
  Tensor planes(DType::kF32, Shape{from[0], from[3], from[1], from[2]});
  Transpose(maps.as<float>(), planes.view().as<float>(), from[0], from[1] * from[2], from[3]);
  return planes;
}

Tensor FromPlanes(const ConstTensorView& planes) {
  const Shape& from = planes.shape;
  Tensor maps(DType::kF32, Shape{from[0], from[2], from[3], from[1]});
  Transpose(planes.as<float>(), maps.view().as<float>(), from[0], from[1], from[2] * from[3]);
  return maps;
}

}  // namespace segforge
