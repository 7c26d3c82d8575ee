#include "backend/cuda/normalize.h"

#include "backend/cuda/dispatch.cuh"
#include "backend/cuda/launch.cuh"
#include "backend/cuda/math.cuh"

namespace segforge::cuda {
namespace {

constexpr int kThreads = 256;

template <typename T>
struct alignas(4 * sizeof(T)) Four {
  T x[4];
};

template <typename T>
__device__ T Normalized(const NormalizeArgs& args, uint32_t value, int channel) {
  const float scaled = __fmul_rn(static_cast<float>(value), args.rescale);
  return FromFloat<T>(__fdiv_rn(__fsub_rn(scaled, args.mean[channel]), args.std[channel]));
}

// A thread takes four pixels, three words of four bytes, or what there is of them at the end.
template <typename T>
__global__ void NormalizeKernel(const NormalizeArgs args) {
  WaitForInputs();
  constexpr int kWords = 3;
  const int64_t group = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  const int64_t first = group * kWords * 4, elems = args.pixels * 3;
  if (first + kWords * 4 <= elems) {
#pragma unroll
    for (int i = 0; i < kWords; ++i) {
      const uint32_t word = reinterpret_cast<const uint32_t*>(args.x)[group * kWords + i];
      Four<T> y;
#pragma unroll
      for (int j = 0; j < 4; ++j) y.x[j] = Normalized<T>(args, word >> (8 * j) & 0xff, (4 * i + j) % 3);
      static_cast<Four<T>*>(args.y)[group * kWords + i] = y;
    }
    return;
  }
  for (int64_t at = first; at < elems; ++at)
    static_cast<T*>(args.y)[at] = Normalized<T>(args, args.x[at], static_cast<int>(at % 3));
}

}  // namespace

void LaunchNormalize(DType dtype, const NormalizeArgs& args, cudaStream_t stream) {
  WithType(dtype, [&]<typename T>(T) {
    Launch(NormalizeKernel<T>, BlocksFor((args.pixels + 3) / 4, kThreads), kThreads, 0, stream, args);
  });
}

}  // namespace segforge::cuda
