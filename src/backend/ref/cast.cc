// y[i] = x[i] rounded once, to the nearest, ties to even.
#include "backend/ref/ops.h"

namespace segforge::ref {
namespace {

float Load(const ConstTensorView& x, int64_t i) {
  if (x.dtype == DType::kF32) return x.as<float>()[i];
  const uint16_t bits = static_cast<const uint16_t*>(x.data)[i];
  return x.dtype == DType::kF16 ? FloatFromHalf(bits) : FloatFromBfloat16(bits);
}

void Store(float value, const TensorView& y, int64_t i) {
  if (y.dtype == DType::kF32) {
    y.as<float>()[i] = value;
  } else {
    auto* bits = static_cast<uint16_t*>(y.data);
    bits[i] = y.dtype == DType::kF16 ? HalfFromFloat(value) : Bfloat16FromFloat(value);
  }
}

}  // namespace

void Cast(const Call& call) {
  const ConstTensorView x = call.input(0);
  const TensorView& y = call.output_view();
  call.pool().ParallelFor(y.shape.elems(), 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i) Store(Load(x, i), y, i);
  });
}

}  // namespace segforge::ref
