// Operations on rows of channels, and on single values, that move bytes rather than multiply.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "base/dtype.h"
#include "ir/activation.h"

namespace segforge::cuda {

// y[r,c] = (x[r,c] - mean_r) / sqrt(var_r + eps) * gamma[c] + beta[c]; x and y [rows, channels] of one dtype.
struct LayerNormArgs {
  const void* x = nullptr;
  const float* gamma = nullptr;
  const float* beta = nullptr;
  void* y = nullptr;  // may be x
  int64_t rows = 0;
  int channels = 0;
  float eps = 0;
};
void LaunchLayerNorm(DType dtype, const LayerNormArgs& args, cudaStream_t stream);

// y = x in another type of float.
void LaunchCast(DType from, DType to, const void* x, void* y, int64_t elems, cudaStream_t stream);

// y[i] = activation(x[i]); y may be x.
void LaunchActivation(DType dtype, Activation activation, const void* x, void* y, int64_t elems,
                      cudaStream_t stream);
// y[i] = a[i] + b[i mod b_elems]: b broadcasts over leading axes. y may be a, or b where it is as large.
struct AddArgs {
  const void* a = nullptr;
  const void* b = nullptr;
  bool b_is_float = false;  // a constant is f32 whatever a is
  int64_t b_elems = 0;
  void* y = nullptr;
  int64_t elems = 0;
};
void LaunchAdd(DType dtype, const AddArgs& args, cudaStream_t stream);

}  // namespace segforge::cuda
