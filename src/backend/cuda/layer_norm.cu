// Ba, Kiros, Hinton 2016, eq. 4. A row lies in the registers of 4, 8, 16 or 32 lanes, which take its mean
// first and then the centred square: E[x^2] - E[x]^2 would cancel on SegFormer's residual stream.
#include "backend/cuda/dispatch.cuh"
#include "backend/cuda/launch.cuh"
#include "backend/cuda/math.cuh"
#include "backend/cuda/row_ops.h"

namespace segforge::cuda {
namespace {

constexpr int kThreads = 128;

template <int kLanes>
__device__ float SumOverLanes(float x) {
#pragma unroll
  for (int mask = kLanes / 2; mask > 0; mask /= 2) x += __shfl_xor_sync(~0u, x, mask);
  return x;
}

template <typename T, int kLanes, int kVectors>
__global__ void LayerNormKernel(const LayerNormArgs args) {
  WaitForInputs();
  constexpr int kElems = Vector<T>::kElems;
  const int64_t row = (static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x) / kLanes;
  const int lane = threadIdx.x % kLanes;
  const bool has_row = row < args.rows;  // lanes without one go along: the sums need whole warps
  const T* x = static_cast<const T*>(args.x) + (has_row ? row * args.channels : 0);
  Vector<T> v[kVectors];
  float sum = 0;
#pragma unroll
  for (int i = 0; i < kVectors; ++i) {
    const int c = (i * kLanes + lane) * kElems;
    if (c >= args.channels) break;
    v[i] = Vector<T>::Load(x + c);
#pragma unroll
    for (int e = 0; e < kElems; ++e) sum += v[i].x[e];
  }
  const float mean = SumOverLanes<kLanes>(sum) / static_cast<float>(args.channels);
  float squares = 0;
#pragma unroll
  for (int i = 0; i < kVectors; ++i) {
    if ((i * kLanes + lane) * kElems >= args.channels) break;
#pragma unroll
    for (int e = 0; e < kElems; ++e) {
      v[i].x[e] -= mean;
      squares += v[i].x[e] * v[i].x[e];
    }
  }
  const float variance = SumOverLanes<kLanes>(squares) / static_cast<float>(args.channels);
  const float scale = rsqrtf(variance + args.eps);
  if (!has_row) return;
  T* y = static_cast<T*>(args.y) + row * args.channels;
#pragma unroll
  for (int i = 0; i < kVectors; ++i) {
    const int c = (i * kLanes + lane) * kElems;
    if (c >= args.channels) break;
#pragma unroll
    for (int e = 0; e < kElems; e += 4) {
      const float4 gamma = *reinterpret_cast<const float4*>(args.gamma + c + e);
      const float4 beta = *reinterpret_cast<const float4*>(args.beta + c + e);
      v[i].x[e] = fmaf(v[i].x[e] * scale, gamma.x, beta.x);
      v[i].x[e + 1] = fmaf(v[i].x[e + 1] * scale, gamma.y, beta.y);
      v[i].x[e + 2] = fmaf(v[i].x[e + 2] * scale, gamma.z, beta.z);
      v[i].x[e + 3] = fmaf(v[i].x[e + 3] * scale, gamma.w, beta.w);
    }
    v[i].Store(y + c);
  }
}

// Any number of channels: a warp a row, three passes over it.
template <typename T>
__global__ void PlainLayerNormKernel(const LayerNormArgs args) {
  WaitForInputs();
  const int64_t row = (static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x) / 32;
  const int lane = threadIdx.x % 32;
  if (row >= args.rows) return;
  const T* x = static_cast<const T*>(args.x) + row * args.channels;
  T* y = static_cast<T*>(args.y) + row * args.channels;
  float sum = 0, squares = 0;
  for (int c = lane; c < args.channels; c += 32) sum += ToFloat(x[c]);
  const float mean = SumOverLanes<32>(sum) / static_cast<float>(args.channels);
  for (int c = lane; c < args.channels; c += 32) squares += (ToFloat(x[c]) - mean) * (ToFloat(x[c]) - mean);
  const float scale = rsqrtf(SumOverLanes<32>(squares) / static_cast<float>(args.channels) + args.eps);
  for (int c = lane; c < args.channels; c += 32) {
    y[c] = FromFloat<T>(fmaf((ToFloat(x[c]) - mean) * scale, args.gamma[c], args.beta[c]));
  }
}

template <typename T, int kLanes, int kVectors>
void LaunchLanes(const LayerNormArgs& args, cudaStream_t stream) {
  Launch(LayerNormKernel<T, kLanes, kVectors>, BlocksFor(args.rows * kLanes, kThreads), kThreads, 0, stream,
         args);
}

}  // namespace

void LaunchLayerNorm(DType dtype, const LayerNormArgs& args, cudaStream_t stream) {
  WithType(dtype, [&]<typename T>(T) {
    constexpr int kElems = Vector<T>::kElems;
    const int chunks = args.channels / kElems;
    if (args.channels % kElems != 0 || chunks > 32 * 4) {
      Launch(PlainLayerNormKernel<T>, BlocksFor(args.rows * 32, kThreads), kThreads, 0, stream, args);
    } else if (chunks <= 4) {
      LaunchLanes<T, 4, 1>(args, stream);
    } else if (chunks <= 8) {
      LaunchLanes<T, 8, 1>(args, stream);
    } else if (chunks <= 16) {
      LaunchLanes<T, 16, 1>(args, stream);
    } else if (chunks <= 32) {
      LaunchLanes<T, 32, 1>(args, stream);
    } else if (chunks <= 64) {
      LaunchLanes<T, 32, 2>(args, stream);
    } else {
      LaunchLanes<T, 32, 4>(args, stream);
    }
  });
}

}  // namespace segforge::cuda
