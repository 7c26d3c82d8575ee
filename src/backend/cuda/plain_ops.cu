#include "backend/cuda/dispatch.cuh"
#include "backend/cuda/launch.cuh"
#include "backend/cuda/math.cuh"
#include "backend/cuda/plain_ops.h"

namespace segforge::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kWarp = 32;

__device__ int64_t ThreadIndex() { return static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x; }

template <typename T>
__global__ void UnaryKernel(Op op, const T* x, T* y, int64_t elems) {
  WaitForInputs();
  const int64_t i = ThreadIndex();
  if (i >= elems) return;
  const float value = ToFloat(x[i]);
  y[i] = FromFloat<T>(op == Op::kSqrt ? sqrtf(value) : erff(value));
}

__device__ float Combine(Op op, float a, float b) {
  switch (op) {
    case Op::kAdd:
      return a + b;
    case Op::kSub:
      return a - b;
    case Op::kMul:
      return a * b;
    case Op::kDiv:
      return a / b;
    default:
      return b == 2 ? a * a : powf(a, b);
  }
}

// Where an element of a map of these sides lies in another one.
__device__ int64_t Offset(int64_t index, int axes, const int64_t* sides, const int64_t* strides) {
  int64_t offset = 0;
  for (int axis = axes - 1; axis >= 0; --axis) {
    offset += index % sides[axis] * strides[axis];
    index /= sides[axis];
  }
  return offset;
}

template <typename T, typename B>
__global__ void BinaryKernel(Op op, const BinaryArgs args) {
  WaitForInputs();
  const int64_t i = ThreadIndex();
  if (i >= args.elems) return;
  const int64_t at = Offset(i, args.axes, args.sides, args.b_strides);
  const float a = ToFloat(static_cast<const T*>(args.a)[i]), b = ToFloat(static_cast<const B*>(args.b)[at]);
  static_cast<T*>(args.y)[i] = FromFloat<T>(Combine(op, a, b));
}

template <typename T>
__global__ void BatchNormKernel(const BatchNormArgs args) {
  WaitForInputs();
  const int64_t i = ThreadIndex();
  if (i >= args.elems) return;
  const int64_t c = i % args.channels;
  const float centred = ToFloat(static_cast<const T*>(args.x)[i]) - args.mean[c];
  static_cast<T*>(args.y)[i] = FromFloat<T>(fmaf(centred, args.scale[c], args.beta[c]));
}

__device__ float WarpSum(float value) {
  for (int lane = kWarp / 2; lane > 0; lane /= 2) value += __shfl_xor_sync(~0u, value, lane);
  return value;
}
__device__ float WarpMax(float value) {
  for (int lane = kWarp / 2; lane > 0; lane /= 2) value = fmaxf(value, __shfl_xor_sync(~0u, value, lane));
  return value;
}

// A warp has a row.
template <typename T>
__global__ void ReduceMeanKernel(const T* x, T* y, int64_t rows, int channels) {
  WaitForInputs();
  const int64_t row = ThreadIndex() / kWarp;
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  if (row >= rows) return;
  float sum = 0;
  for (int c = lane; c < channels; c += kWarp) sum += ToFloat(x[row * channels + c]);
  sum = WarpSum(sum);
  if (lane == 0) y[row] = FromFloat<T>(sum / static_cast<float>(channels));
}

// A warp has a row, of which a lane reads and writes the same elements.
template <typename T>
__global__ void SoftmaxKernel(const T* x, T* y, int64_t rows, int channels) {
  WaitForInputs();
  const int64_t row = ThreadIndex() / kWarp;
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  if (row >= rows) return;
  x += row * channels;
  y += row * channels;
  float greatest = -INFINITY, sum = 0;
  for (int c = lane; c < channels; c += kWarp) greatest = fmaxf(greatest, ToFloat(x[c]));
  greatest = WarpMax(greatest);
  for (int c = lane; c < channels; c += kWarp) sum += expf(ToFloat(x[c]) - greatest);
  sum = WarpSum(sum);
  for (int c = lane; c < channels; c += kWarp) y[c] = FromFloat<T>(expf(ToFloat(x[c]) - greatest) / sum);
}

// A thread has an element.
template <typename T>
__global__ void MatMulKernel(const MatMulArgs args) {
  WaitForInputs();
  const int64_t at = ThreadIndex(), row = at / args.n, column = at % args.n;
  if (row >= args.batch * args.m) return;
  const T* a = static_cast<const T*>(args.a) + row * args.k;
  const T* b = static_cast<const T*>(args.b) + row / args.m * args.n * args.k;
  b += args.transpose_b ? column * args.k : column;
  const int64_t step = args.transpose_b ? 1 : args.n;
  float sum = 0;
  for (int64_t i = 0; i < args.k; ++i) sum = fmaf(ToFloat(a[i]), ToFloat(b[i * step]), sum);
  static_cast<T*>(args.y)[at] = FromFloat<T>(sum);
}

template <typename T>
__global__ void TransposeKernel(const TransposeArgs args) {
  WaitForInputs();
  const int64_t i = ThreadIndex();
  if (i >= args.elems) return;
  static_cast<T*>(args.y)[i] =
      static_cast<const T*>(args.x)[Offset(i, args.axes, args.sides, args.x_strides)];
}

template <typename T>
__global__ void ConcatKernel(const ConcatArgs args) {
  WaitForInputs();
  const int64_t i = ThreadIndex(), row = i / args.part;
  if (row >= args.rows) return;
  static_cast<T*>(args.y)[row * args.width + args.first + i % args.part] = static_cast<const T*>(args.x)[i];
}

}  // namespace

void LaunchUnary(DType dtype, Op op, const void* x, void* y, int64_t elems, cudaStream_t stream) {
  WithType(dtype, [&]<typename T>(T) {
    Launch(UnaryKernel<T>, BlocksFor(elems, kThreads), kThreads, 0, stream, op, static_cast<const T*>(x),
           static_cast<T*>(y), elems);
  });
}

void LaunchBinary(DType dtype, Op op, const BinaryArgs& args, cudaStream_t stream) {
  WithType(dtype, [&]<typename T>(T) {
    const auto kernel = args.b_is_float ? BinaryKernel<T, float> : BinaryKernel<T, T>;
    Launch(kernel, BlocksFor(args.elems, kThreads), kThreads, 0, stream, op, args);
  });
}

void LaunchBatchNorm(DType dtype, const BatchNormArgs& args, cudaStream_t stream) {
  WithType(dtype, [&]<typename T>(T) {
    Launch(BatchNormKernel<T>, BlocksFor(args.elems, kThreads), kThreads, 0, stream, args);
  });
}

void LaunchReduceMean(DType dtype, const void* x, void* y, int64_t rows, int channels, cudaStream_t stream) {
  WithType(dtype, [&]<typename T>(T) {
    Launch(ReduceMeanKernel<T>, BlocksFor(rows * kWarp, kThreads), kThreads, 0, stream,
           static_cast<const T*>(x), static_cast<T*>(y), rows, channels);
  });
}

void LaunchSoftmax(DType dtype, const void* x, void* y, int64_t rows, int channels, cudaStream_t stream) {
  WithType(dtype, [&]<typename T>(T) {
    Launch(SoftmaxKernel<T>, BlocksFor(rows * kWarp, kThreads), kThreads, 0, stream, static_cast<const T*>(x),
           static_cast<T*>(y), rows, channels);
  });
}

void LaunchMatMul(DType dtype, const MatMulArgs& args, cudaStream_t stream) {
  WithType(dtype, [&]<typename T>(T) {
    Launch(MatMulKernel<T>, BlocksFor(args.batch * args.m * args.n, kThreads), kThreads, 0, stream, args);
  });
}

void LaunchTranspose(DType dtype, const TransposeArgs& args, cudaStream_t stream) {
  WithType(dtype, [&]<typename T>(T) {
    Launch(TransposeKernel<T>, BlocksFor(args.elems, kThreads), kThreads, 0, stream, args);
  });
}

void LaunchConcat(DType dtype, const ConcatArgs& args, cudaStream_t stream) {
  WithType(dtype, [&]<typename T>(T) {
    Launch(ConcatKernel<T>, BlocksFor(args.rows * args.part, kThreads), kThreads, 0, stream, args);
  });
}

}  // namespace segforge::cuda
