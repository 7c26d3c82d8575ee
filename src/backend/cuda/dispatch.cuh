// From what is known at run time to the type that a kernel is instantiated for.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "backend/cuda/math.cuh"
#include "base/dtype.h"
#include "ir/precision.h"

namespace segforge::cuda {

// run(T()) with the dtype's own type: f32, f16 or bf16, as values on a GPU are.
template <typename Run>
void WithType(DType dtype, Run run) {
  switch (dtype) {
    case DType::kF16:
      return run(__half());
    case DType::kBF16:
      return run(__nv_bfloat16());
    default:
      return run(float());
  }
}

template <typename T>
constexpr DType kDTypeOfStorage = std::is_same_v<T, float>    ? DType::kF32
                                  : std::is_same_v<T, __half> ? DType::kF16
                                                              : DType::kBF16;

// run(Math()) with the arithmetic of a precision.
template <typename Run>
void WithMath(Precision precision, Run run) {
  switch (precision) {
    case Precision::kFp32:
      return run(Fp32());
    case Precision::kTf32:
      return run(Tf32());
    case Precision::kFp16:
      return run(Fp16());
    case Precision::kBf16:
      return run(Bf16());
  }
}

inline unsigned BlocksFor(int64_t threads, int block) {
  return static_cast<unsigned>((threads + block - 1) / block);
}

}  // namespace segforge::cuda
