#include "backend/cuda/depthwise_conv.h"

#include "backend/cuda/depthwise_tiles.cuh"
#include "backend/cuda/dispatch.cuh"
#include "backend/cuda/launch.cuh"
#include "backend/cuda/math.cuh"

namespace segforge::cuda {
namespace {

constexpr int kThreads = 128;
constexpr int kChannels = 4;  // of a thread: their 36 weights and the window's 36 values stay in registers
constexpr int kRun = 9;       // output pixels of a row that a thread walks along: three turns of the window

template <typename T>
__device__ inline void LoadFour(const T* from, bool valid, float (&to)[kChannels]) {
  if constexpr (sizeof(T) == 2) {
    const uint2 bits = valid ? *reinterpret_cast<const uint2*>(from) : make_uint2(0, 0);
    const T* values = reinterpret_cast<const T*>(&bits);
#pragma unroll
    for (int i = 0; i < kChannels; ++i) to[i] = ToFloat(values[i]);
  } else {
    const float4 values = valid ? *reinterpret_cast<const float4*>(from) : make_float4(0, 0, 0, 0);
    to[0] = values.x, to[1] = values.y, to[2] = values.z, to[3] = values.w;
  }
}

template <typename T>
__device__ inline void StoreFour(T* to, const float (&from)[kChannels]) {
  if constexpr (sizeof(T) == 2) {
    uint2 bits;
    T* values = reinterpret_cast<T*>(&bits);
#pragma unroll
    for (int i = 0; i < kChannels; ++i) values[i] = FromFloat<T>(from[i]);
    *reinterpret_cast<uint2*>(to) = bits;
  } else {
    *reinterpret_cast<float4*>(to) = make_float4(from[0], from[1], from[2], from[3]);
  }
}

// Neighbouring threads have neighbouring channels; a thread slides a 3 x 3 window along kRun pixels of one
// row.
template <typename T, bool kGelu>
__global__ void __launch_bounds__(kThreads) DepthwiseConvKernel(const DepthwiseConvArgs args) {
  WaitForInputs();
  const int groups = args.channels / kChannels, runs = (args.width + kRun - 1) / kRun;
  const int64_t at = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  const int c = static_cast<int>(at % groups) * kChannels;
  const int64_t rest = at / groups;
  const int first_x = static_cast<int>(rest % runs) * kRun;
  const int64_t image_row = rest / runs;  // over all images
  if (image_row >= static_cast<int64_t>(args.n) * args.height) return;
  const int row = static_cast<int>(image_row % args.height);

  float w[9][kChannels], bias[kChannels];
#pragma unroll
  for (int i = 0; i < 9; ++i) LoadFour(args.w + i * args.channels + c, true, w[i]);
  LoadFour(args.bias + c, true, bias);

  const int64_t row_elems = static_cast<int64_t>(args.width) * args.channels;
  const T* x = static_cast<const T*>(args.x) + image_row * row_elems + c;
  T* y = static_cast<T*>(args.y) + image_row * row_elems + c;
  float window[3][3][kChannels];  // [column][row]
  const auto load_column = [&](int column, float(&to)[3][kChannels]) {
    const bool inside = static_cast<unsigned>(column) < args.width;
#pragma unroll
    for (int dy = 0; dy < 3; ++dy) {
      const bool valid = inside && static_cast<unsigned>(row + dy - 1) < args.height;
      LoadFour(x + (dy - 1) * row_elems + static_cast<int64_t>(column) * args.channels, valid, to[dy]);
    }
  };
  load_column(first_x - 1, window[0]);
  load_column(first_x, window[1]);
  const int last_x = min(first_x + kRun, args.width);
#pragma unroll 1
  for (int x0 = first_x; x0 < last_x; x0 += 3) {
#pragma unroll
    for (int i = 0; i < 3; ++i) {
      const int column = x0 + i;
      load_column(column + 1, window[(i + 2) % 3]);
      float out[kChannels];
#pragma unroll
      for (int e = 0; e < kChannels; ++e) {
        float sum = bias[e];
#pragma unroll
        for (int dy = 0; dy < 3; ++dy) {
#pragma unroll
          for (int dx = 0; dx < 3; ++dx) sum = fmaf(window[(i + dx) % 3][dy][e], w[dy * 3 + dx][e], sum);
        }
        out[e] = kGelu ? Gelu<T>(sum) : sum;
      }
      if (column < args.width) StoreFour(y + static_cast<int64_t>(column) * args.channels, out);
    }
  }
}

template <typename T>
__global__ void PlainDepthwiseConvKernel(const DepthwiseConvArgs args) {
  WaitForInputs();
  const int64_t at = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (at >= static_cast<int64_t>(args.n) * args.height * args.width * args.channels) return;
  const int c = static_cast<int>(at % args.channels);
  const int64_t pixel = at / args.channels;
  const int column = static_cast<int>(pixel % args.width),
            row = static_cast<int>(pixel / args.width % args.height);
  const T* x = static_cast<const T*>(args.x);
  float sum = args.bias[c];
  for (int dy = -1; dy <= 1; ++dy) {
    for (int dx = -1; dx <= 1; ++dx) {
      if (row + dy < 0 || row + dy >= args.height || column + dx < 0 || column + dx >= args.width) continue;
      const int64_t from = at + (static_cast<int64_t>(dy) * args.width + dx) * args.channels;
      sum = fmaf(ToFloat(x[from]), args.w[((dy + 1) * 3 + dx + 1) * args.channels + c], sum);
    }
  }
  static_cast<T*>(args.y)[at] = FromFloat<T>(args.gelu ? Gelu<T>(sum) : sum);
}

template <typename T>
struct MathOf;
template <>
struct MathOf<__half> {
  using Type = Fp16;
};
template <>
struct MathOf<__nv_bfloat16> {
  using Type = Bf16;
};

template <typename T>
void LaunchTiles(const DepthwiseConvArgs& args, cudaStream_t stream) {
  using Math = typename MathOf<T>::Type;
  const auto kernel = args.gelu ? DepthwiseTileKernel<Math, true> : DepthwiseTileKernel<Math, false>;
  const int groups = (args.channels + kConvChannels - 1) / kConvChannels;
  const dim3 grid((args.width + kConvTileX - 1) / kConvTileX * groups,
                  (args.height + kConvTileY - 1) / kConvTileY, args.n);
  Launch(kernel, grid, kConvThreads, kConvSharedBytes, stream, args);
}

}  // namespace

void LaunchDepthwiseConv(DType dtype, const DepthwiseConvArgs& args, cudaStream_t stream) {
  WithType(dtype, [&]<typename T>(T) {
    const int64_t rows = static_cast<int64_t>(args.n) * args.height;
    if constexpr (sizeof(T) == 2) {
      if (args.channels % 8 == 0) return LaunchTiles<T>(args, stream);
    }
    if (args.channels % kChannels != 0) {
      const int64_t elems = rows * args.width * args.channels;
      Launch(PlainDepthwiseConvKernel<T>, BlocksFor(elems, kThreads), kThreads, 0, stream, args);
      return;
    }
    const int64_t threads = rows * ((args.width + kRun - 1) / kRun) * (args.channels / kChannels);
    const auto kernel = args.gelu ? DepthwiseConvKernel<T, true> : DepthwiseConvKernel<T, false>;
    Launch(kernel, BlocksFor(threads, kThreads), kThreads, 0, stream, args);
  });
}

}  // namespace segforge::cuda
