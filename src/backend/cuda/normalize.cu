#include "backend/cuda/normalize.h"

#include "backend/cuda/dispatch.cuh"
#include "backend/cuda/launch.cuh"
#include "backend/cuda/math.cuh"

namespace segforge::cuda {
namespace {

constexpr int kThreads = 256;

// A thread takes four pixels, twelve bytes, where they are there.
template <typename T>
__global__ void NormalizeKernel(const NormalizeArgs args) {
  WaitForInputs();
  const int64_t first = (static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x) * 12;
#pragma unroll
  for (int i = 0; i < 12; ++i) {
    if (first + i >= args.pixels * 3) return;
    const float scaled = __fmul_rn(static_cast<float>(args.x[first + i]), args.rescale);
    static_cast<T*>(args.y)[first + i] =
        FromFloat<T>(__fdiv_rn(__fsub_rn(scaled, args.mean[i % 3]), args.std[i % 3]));
  }
}

}  // namespace

void LaunchNormalize(DType dtype, const NormalizeArgs& args, cudaStream_t stream) {
  WithType(dtype, [&]<typename T>(T) {
    Launch(NormalizeKernel<T>, BlocksFor((args.pixels + 3) / 4, kThreads), kThreads, 0, stream, args);
  });
}

}  // namespace segforge::cuda
