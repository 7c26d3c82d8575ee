#include "backend/cuda/conv2d.h"

#include "backend/cuda/dispatch.cuh"
#include "backend/cuda/launch.cuh"
#include "backend/cuda/math.cuh"

namespace segforge::cuda {
namespace {

constexpr int kThreads = 256;

template <typename T>
__global__ void PadMapKernel(const PadMapArgs args) {
  WaitForInputs();
  const int64_t at = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  const int64_t row = at / args.padded_width;
  if (row >= static_cast<int64_t>(args.n) * args.padded_height) return;
  const int x = static_cast<int>(at % args.padded_width) - args.pad;
  const int y = static_cast<int>(row % args.padded_height) - args.pad;
  const int64_t image = row / args.padded_height;
  alignas(16) T values[kPaddedChannels] = {};
  if (static_cast<unsigned>(x) < args.width && static_cast<unsigned>(y) < args.height) {
    const T* from =
        static_cast<const T*>(args.x) + ((image * args.height + y) * args.width + x) * args.channels;
#pragma unroll
    for (int c = 0; c < kPaddedChannels; ++c) values[c] = c < args.channels ? from[c] : FromFloat<T>(0.0f);
  }
  T* to = static_cast<T*>(args.y) + at * kPaddedChannels;
  if constexpr (sizeof(T) == 2) {
    *reinterpret_cast<uint2*>(to) = *reinterpret_cast<const uint2*>(values);
  } else {
    *reinterpret_cast<uint4*>(to) = *reinterpret_cast<const uint4*>(values);
  }
}

template <typename T>
__global__ void PlainConvKernel(const PlainConvArgs args) {
  WaitForInputs();
  const int64_t at = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  const int64_t pixel = at / args.out_channels;
  const int o = static_cast<int>(at % args.out_channels);
  const int64_t image = pixel / args.out_width / args.out_height;
  if (image >= args.n) return;
  const int column = static_cast<int>(pixel % args.out_width) * args.stride - args.pad;
  const int row = static_cast<int>(pixel / args.out_width % args.out_height) * args.stride - args.pad;
  float sum = args.bias != nullptr ? args.bias[o] : 0.0f;
  for (int ky = 0; ky < args.kernel_h; ++ky) {
    for (int kx = 0; kx < args.kernel_w; ++kx) {
      const int y = row + ky, x = column + kx;
      if (y < 0 || y >= args.height || x < 0 || x >= args.width) continue;
      const T* from =
          static_cast<const T*>(args.x) + ((image * args.height + y) * args.width + x) * args.channels;
      const float* w =
          args.w + ((static_cast<int64_t>(o) * args.kernel_h + ky) * args.kernel_w + kx) * args.channels;
      for (int c = 0; c < args.channels; ++c) sum = fmaf(ToFloat(from[c]), w[c], sum);
    }
  }
  if (args.residual != nullptr) sum += ToFloat(static_cast<const T*>(args.residual)[at]);
  if (args.activation == Activation::kRelu) sum = fmaxf(sum, 0.0f);
  if (args.activation == Activation::kGelu) sum = Gelu<T>(sum);
  if (args.y_is_float) {
    static_cast<float*>(args.y)[at] = sum;
  } else {
    static_cast<T*>(args.y)[at] = FromFloat<T>(sum);
  }
}

}  // namespace

void LaunchPadMap(DType dtype, const PadMapArgs& args, cudaStream_t stream) {
  WithType(dtype, [&]<typename T>(T) {
    const int64_t pixels = static_cast<int64_t>(args.n) * args.padded_height * args.padded_width;
    Launch(PadMapKernel<T>, BlocksFor(pixels, kThreads), kThreads, 0, stream, args);
  });
}

void LaunchPlainConv(DType dtype, const PlainConvArgs& args, cudaStream_t stream) {
  WithType(dtype, [&]<typename T>(T) {
    const int64_t elems = static_cast<int64_t>(args.n) * args.out_height * args.out_width * args.out_channels;
    Launch(PlainConvKernel<T>, BlocksFor(elems, kThreads), kThreads, 0, stream, args);
  });
}

}  // namespace segforge::cuda
