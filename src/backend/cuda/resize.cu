#include "backend/cuda/dispatch.cuh"
#include "backend/cuda/launch.cuh"
#include "backend/cuda/resize.h"

namespace segforge::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kPrecisionBits = 22;

__device__ int64_t ThreadIndex() { return static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x; }

__device__ uint8_t Rounded(int32_t sum) {
  return static_cast<uint8_t>(min(max(sum >> kPrecisionBits, 0), 255));
}

// A thread has an output pixel.
__global__ void ResampleWidthKernel(const ResampleArgs args) {
  WaitForInputs();
  const int64_t at = ThreadIndex(), row = at / args.width;
  if (row >= args.height) return;
  const int column = static_cast<int>(at - row * args.width), count = args.table.count[column];
  const int32_t* weights = args.table.weights + static_cast<int64_t>(column) * args.table.max_count;
  const uint8_t* x = args.x + (row * args.x_side + args.table.first[column]) * 3;
  int32_t sum[3];
  for (int32_t& one : sum) one = 1 << (kPrecisionBits - 1);
  for (int t = 0; t < count; ++t) {
#pragma unroll
    for (int c = 0; c < 3; ++c) sum[c] += weights[t] * x[t * 3 + c];
  }
#pragma unroll
  for (int c = 0; c < 3; ++c) args.y[at * 3 + c] = Rounded(sum[c]);
}

// A thread has an output byte, whose neighbours read the bytes beside its own.
__global__ void ResampleHeightKernel(const ResampleArgs args) {
  WaitForInputs();
  const int64_t at = ThreadIndex(), row_bytes = static_cast<int64_t>(args.width) * 3, row = at / row_bytes;
  if (row >= args.height) return;
  const int count = args.table.count[row];
  const int32_t* weights = args.table.weights + row * args.table.max_count;
  const uint8_t* x = args.x + args.table.first[row] * row_bytes + (at - row * row_bytes);
  int32_t sum = 1 << (kPrecisionBits - 1);
  for (int t = 0; t < count; ++t) sum += weights[t] * x[t * row_bytes];
  args.y[at] = Rounded(sum);
}

// Between the passes 1/128 are kept, as 16 bits; each product of the second one loses its low half.
__global__ void LinearResizeKernel(const LinearResizeArgs args) {
  WaitForInputs();
  const int64_t at = ThreadIndex(), row = at / args.width;
  if (row >= args.height) return;
  const LinearTap v = args.rows[row], u = args.columns[at - row * args.width];
  const int64_t row_bytes = static_cast<int64_t>(args.x_width) * 3;
  const auto between = [&](int from_row, int c) {
    const uint8_t* x = args.x + from_row * row_bytes + c;
    return static_cast<int>(
        static_cast<int16_t>((x[u.first * 3] * u.first_weight + x[u.second * 3] * u.second_weight) >> 4));
  };
#pragma unroll
  for (int c = 0; c < 3; ++c) {
    const auto high = static_cast<int16_t>(((between(v.first, c) * v.first_weight) >> 16) +
                                           ((between(v.second, c) * v.second_weight) >> 16));
    args.y[at * 3 + c] = static_cast<uint8_t>((high + 2) >> 2);
  }
}

__global__ void HalveKernel(const LinearResizeArgs args) {
  WaitForInputs();
  const int64_t at = ThreadIndex(), row = at / args.width;
  if (row >= args.height) return;
  const int64_t row_bytes = static_cast<int64_t>(args.x_width) * 3;
  const uint8_t* x = args.x + 2 * row * row_bytes + (at - row * args.width) * 6;
#pragma unroll
  for (int c = 0; c < 3; ++c) {
    const int sum = x[c] + x[c + 3] + x[row_bytes + c] + x[row_bytes + c + 3];
    args.y[at * 3 + c] = static_cast<uint8_t>((sum + 2) >> 2);
  }
}

template <typename Args>
void LaunchFor(void (*kernel)(Args), const Args& args, int per_pixel, cudaStream_t stream) {
  const int64_t threads = static_cast<int64_t>(args.height) * args.width * per_pixel;
  Launch(kernel, BlocksFor(threads, kThreads), kThreads, 0, stream, args);
}

}  // namespace

void LaunchResampleWidth(const ResampleArgs& args, cudaStream_t stream) {
  LaunchFor<ResampleArgs>(ResampleWidthKernel, args, 1, stream);
}
void LaunchResampleHeight(const ResampleArgs& args, cudaStream_t stream) {
  LaunchFor<ResampleArgs>(ResampleHeightKernel, args, 3, stream);
}
void LaunchLinearResize(const LinearResizeArgs& args, cudaStream_t stream) {
  LaunchFor<LinearResizeArgs>(LinearResizeKernel, args, 1, stream);
}
void LaunchHalve(const LinearResizeArgs& args, cudaStream_t stream) {
  LaunchFor<LinearResizeArgs>(HalveKernel, args, 1, stream);
}

}  // namespace segforge::cuda
