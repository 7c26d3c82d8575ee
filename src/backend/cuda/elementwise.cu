#include "backend/cuda/dispatch.cuh"
#include "backend/cuda/launch.cuh"
#include "backend/cuda/math.cuh"
#include "backend/cuda/row_ops.h"

namespace segforge::cuda {
namespace {

constexpr int kThreads = 256;

template <typename From, typename To>
__global__ void CastKernel(const From* x, To* y, int64_t elems) {
  WaitForInputs();
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i < elems) y[i] = FromFloat<To>(ToFloat(x[i]));
}

template <typename T>
__global__ void ActivationKernel(Activation activation, const T* x, T* y, int64_t elems) {
  WaitForInputs();
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= elems) return;
  const float value = ToFloat(x[i]);
  y[i] = FromFloat<T>(activation == Activation::kGelu ? Gelu<T>(value) : fmaxf(value, 0.0f));
}

template <typename T, typename B>
__global__ void AddKernel(const AddArgs args) {
  WaitForInputs();
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= args.elems) return;
  const float sum =
      ToFloat(static_cast<const T*>(args.a)[i]) + ToFloat(static_cast<const B*>(args.b)[i % args.b_elems]);
  static_cast<T*>(args.y)[i] = FromFloat<T>(sum);
}

}  // namespace

void LaunchCast(DType from, DType to, const void* x, void* y, int64_t elems, cudaStream_t stream) {
  WithType(from, [&]<typename From>(From) {
    WithType(to, [&]<typename To>(To) {
      Launch(CastKernel<From, To>, BlocksFor(elems, kThreads), kThreads, 0, stream,
             static_cast<const From*>(x), static_cast<To*>(y), elems);
    });
  });
}

void LaunchActivation(DType dtype, Activation activation, const void* x, void* y, int64_t elems,
                      cudaStream_t stream) {
  WithType(dtype, [&]<typename T>(T) {
    Launch(ActivationKernel<T>, BlocksFor(elems, kThreads), kThreads, 0, stream, activation,
           static_cast<const T*>(x), static_cast<T*>(y), elems);
  });
}

void LaunchAdd(DType dtype, const AddArgs& args, cudaStream_t stream) {
  WithType(dtype, [&]<typename T>(T) {
    const auto kernel = args.b_is_float ? AddKernel<T, float> : AddKernel<T, T>;
    Launch(kernel, BlocksFor(args.elems, kThreads), kThreads, 0, stream, args);
  });
}

}  // namespace segforge::cuda
