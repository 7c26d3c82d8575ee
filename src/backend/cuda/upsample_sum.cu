#include "backend/cuda/bilinear.cuh"
#include "backend/cuda/dispatch.cuh"
#include "backend/cuda/launch.cuh"
#include "backend/cuda/math.cuh"
#include "backend/cuda/upsample.h"

namespace segforge::cuda {
namespace {

constexpr int kThreads = 256;

// kElems neighbouring channels a thread: 16 bytes, or one value where channels are odd.
template <typename T, int kElems>
__global__ void UpsampleSumKernel(const UpsampleSumArgs args) {
  WaitForInputs();
  const int groups = args.channels / kElems;
  const int64_t at = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  const int c = static_cast<int>(at % groups) * kElems;
  const int64_t pixel = at / groups;
  const int64_t image = pixel / args.width / args.height;
  if (image >= args.n) return;
  const int column = static_cast<int>(pixel % args.width),
            row = static_cast<int>(pixel / args.width % args.height);

  const auto load = [&](const T* from, float(&to)[kElems]) {
    if constexpr (kElems == 1) {
      to[0] = ToFloat(*from);
    } else {
      const auto v = Vector<T>::Load(from);
#pragma unroll
      for (int i = 0; i < kElems; ++i) to[i] = v.x[i];
    }
  };

  float sum[kElems] = {};
  if (args.x != nullptr) load(static_cast<const T*>(args.x) + pixel * args.channels + c, sum);
  for (int m = 0; m < args.map_count; ++m) {
    const Map& map = args.maps[m];
    const Tap y = TapAt(row, map.height, args.height), x = TapAt(column, map.width, args.width);
    const T* data = static_cast<const T*>(map.data) + image * map.height * map.width * args.channels + c;
    float corner[4][kElems];
    load(data + (static_cast<int64_t>(y.first) * map.width + x.first) * args.channels, corner[0]);
    load(data + (static_cast<int64_t>(y.first) * map.width + x.second) * args.channels, corner[1]);
    load(data + (static_cast<int64_t>(y.second) * map.width + x.first) * args.channels, corner[2]);
    load(data + (static_cast<int64_t>(y.second) * map.width + x.second) * args.channels, corner[3]);
#pragma unroll
    for (int i = 0; i < kElems; ++i) {
      sum[i] +=
          Mix(Mix(corner[0][i], corner[1][i], x.weight), Mix(corner[2][i], corner[3][i], x.weight), y.weight);
    }
  }
  if (args.activation == Activation::kRelu) {
#pragma unroll
    for (int i = 0; i < kElems; ++i) sum[i] = fmaxf(sum[i], 0.0f);
  }
  T* y = static_cast<T*>(args.y) + pixel * args.channels + c;
  if constexpr (kElems == 1) {
    *y = FromFloat<T>(sum[0]);
  } else {
    Vector<T> v;
#pragma unroll
    for (int i = 0; i < kElems; ++i) v.x[i] = sum[i];
    v.Store(y);
  }
}

}  // namespace

void LaunchUpsampleSum(DType dtype, const UpsampleSumArgs& args, cudaStream_t stream) {
  WithType(dtype, [&]<typename T>(T) {
    constexpr int kVector = Vector<T>::kElems;
    const int64_t elems = static_cast<int64_t>(args.n) * args.height * args.width * args.channels;
    if (args.channels % kVector == 0) {
      Launch(UpsampleSumKernel<T, kVector>, BlocksFor(elems / kVector, kThreads), kThreads, 0, stream, args);
    } else {
      Launch(UpsampleSumKernel<T, 1>, BlocksFor(elems, kThreads), kThreads, 0, stream, args);
    }
  });
}

}  // namespace segforge::cuda
