// Operations that a graph has as it was published and passes rewrite: plain kernels of any shape, so that
// passes can be left out on a GPU. Sums are in f32; x, y and b have the dtype unless they are said to be f32.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "base/dtype.h"
#include "ir/op.h"

namespace segforge::cuda {

constexpr int kMaxAxes = 8;

// Sqrt, Erf; y may be x.
void LaunchUnary(DType dtype, Op op, const void* x, void* y, int64_t elems, cudaStream_t stream);

// Add, Sub, Mul, Div, Pow of a and b, which broadcasts to a's shape; y may be a.
struct BinaryArgs {
  const void* a = nullptr;
  const void* b = nullptr;
  bool b_is_float = false;
  void* y = nullptr;
  int64_t elems = 0;
  int axes = 0;
  int64_t sides[kMaxAxes] = {};      // of a
  int64_t b_strides[kMaxAxes] = {};  // in elements; 0 where b repeats
};
void LaunchBinary(DType dtype, Op op, const BinaryArgs& args, cudaStream_t stream);

// y[r,c] = (x[r,c] - mean[c]) * scale[c] + beta[c], the parameters in f32; y may be x.
struct BatchNormArgs {
  const void* x = nullptr;
  const float *mean = nullptr, *scale = nullptr, *beta = nullptr;
  void* y = nullptr;
  int64_t elems = 0, channels = 0;
};
void LaunchBatchNorm(DType dtype, const BatchNormArgs& args, cudaStream_t stream);

// Of rows x [rows, channels]: ReduceMean, y [rows]; Softmax, y [rows, channels], which may be x.
void LaunchReduceMean(DType dtype, const void* x, void* y, int64_t rows, int channels, cudaStream_t stream);
void LaunchSoftmax(DType dtype, const void* x, void* y, int64_t rows, int channels, cudaStream_t stream);

// y[i,m,n] = sum over k of a[i,m,k] * b[i,k,n], or of b[i,n,k].
struct MatMulArgs {
  const void* a = nullptr;
  const void* b = nullptr;
  void* y = nullptr;
  int64_t batch = 0, m = 0, n = 0, k = 0;
  bool transpose_b = false;
};
void LaunchMatMul(DType dtype, const MatMulArgs& args, cudaStream_t stream);

// y [sides] of x, whose element for a step along axis i of y is x_strides[i] further.
struct TransposeArgs {
  const void* x = nullptr;
  void* y = nullptr;
  int64_t elems = 0;
  int axes = 0;
  int64_t sides[kMaxAxes] = {};
  int64_t x_strides[kMaxAxes] = {};
};
void LaunchTranspose(DType dtype, const TransposeArgs& args, cudaStream_t stream);

// Columns [first, first + part) of y [rows, width] from x [rows, part].
struct ConcatArgs {
  const void* x = nullptr;
  void* y = nullptr;
  int64_t rows = 0, part = 0, first = 0, width = 0;
};
void LaunchConcat(DType dtype, const ConcatArgs& args, cudaStream_t stream);

}  // namespace segforge::cuda
