#include "backend/cuda/bilinear.cuh"
#include "backend/cuda/dispatch.cuh"
#include "backend/cuda/launch.cuh"
#include "backend/cuda/upsample.h"

namespace segforge::cuda {
namespace {

struct Ranked {
  float logit;
  int label;
};

// The first one after `last`, in the order of falling logits and, among equal ones, of rising classes.
template <typename Logit>
__device__ Ranked NextBest(const Logit& logit, int classes, Ranked last) {
  Ranked best = {-INFINITY, -1};
  for (int k = 0; k < classes; ++k) {
    const float value = logit(k);
    const bool after = value < last.logit || (value == last.logit && k > last.label);
    if (after && (best.label < 0 || value > best.logit)) best = {value, k};
  }
  return {best.logit, max(best.label, 0)};  // none is after a NaN
}

// A ranking by choosing again takes no memory, and few are wanted.
template <typename Logit>
__device__ void FillTop(const UpsampleArgmaxArgs& args, const Logit& logit, Ranked best, float sum,
                        int64_t image, int64_t pixel) {
  const int64_t pixels = static_cast<int64_t>(args.out_height) * args.out_width;
  Ranked next = best;
  for (int i = 0; i < args.top; ++i) {
    const int64_t to = (image * args.top + i) * pixels + pixel;
    args.top_labels[to] = static_cast<uint16_t>(next.label);
    args.top_probabilities[to] = expf(next.logit - best.logit) / sum;
    next = NextBest(logit, args.classes, next);
  }
}

template <typename Label>
__device__ void PlainPixel(const UpsampleArgmaxArgs& args, int64_t image, int v, int u) {
  const Tap y = TapAt(v, args.height, args.out_height), x = TapAt(u, args.width, args.out_width);
  const float* logits = args.logits + image * args.height * args.width * args.classes;
  const auto at = [&](int row, int column) {
    return logits + (static_cast<int64_t>(row) * args.width + column) * args.classes;
  };
  const float *a = at(y.first, x.first), *b = at(y.first, x.second);
  const float *c = at(y.second, x.first), *d = at(y.second, x.second);
  const auto logit = [&](int k) {
    return Mix(Mix(a[k], b[k], x.weight), Mix(c[k], d[k], x.weight), y.weight);
  };
  int best = 0;
  float greatest = logit(0);
  for (int k = 1; k < args.classes; ++k) {
    const float value = logit(k);
    if (value > greatest) greatest = value, best = k;
  }
  const int64_t pixel = static_cast<int64_t>(v) * args.out_width + u;
  const int64_t to = image * args.out_height * args.out_width + pixel;
  if (args.labels != nullptr) static_cast<Label*>(args.labels)[to] = static_cast<Label>(best);
  if (args.confidence == nullptr && args.top == 0) return;
  float sum = 0;
  for (int k = 0; k < args.classes; ++k) sum += expf(logit(k) - greatest);
  if (args.confidence != nullptr) args.confidence[to] = 1.0f / sum;
  FillTop(args, logit, {greatest, best}, sum, image, pixel);
}

template <typename Label>
__global__ void PlainUpsampleArgmaxKernel(const UpsampleArgmaxArgs args) {
  WaitForInputs();
  const int64_t at = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  const int64_t row = at / args.out_width;
  if (row >= static_cast<int64_t>(args.n) * args.out_height) return;
  PlainPixel<Label>(args, row / args.out_height, static_cast<int>(row % args.out_height),
                    static_cast<int>(at % args.out_width));
}

constexpr int kCellsX = 32;
constexpr int kScale = 4;

// Four times as many rows and columns: the 4 x 4 outputs between four neighbouring logits depend on these
// alone. A thread has such a cell; cell (i, j) lies after logit (i - 1, j - 1). A block's logits are in
// shared memory, an odd number of floats a pixel, so that a warp's reads fall into different banks. Block
// (kCellsX, cells y); grid: (blocks along x, along y, n).
__global__ void UpsampleArgmax4Kernel(const UpsampleArgmaxArgs args) {
  WaitForInputs();
  extern __shared__ float tile[];
  const int stride = args.classes | 1;
  const int first_x = static_cast<int>(blockIdx.x) * kCellsX - 1, rows = static_cast<int>(blockDim.y) + 1;
  const int first_y = static_cast<int>(blockIdx.y * blockDim.y) - 1;
  const float* logits =
      args.logits + static_cast<int64_t>(blockIdx.z) * args.height * args.width * args.classes;
  const int thread = static_cast<int>(threadIdx.y) * kCellsX + static_cast<int>(threadIdx.x);
  for (int row = 0; row < rows; ++row) {
    const int y = min(max(first_y + row, 0), args.height - 1);
    for (int i = thread; i < (kCellsX + 1) * args.classes; i += kCellsX * static_cast<int>(blockDim.y)) {
      const int column = i / args.classes, k = i - column * args.classes;
      const int x = min(max(first_x + column, 0), args.width - 1);
      tile[(row * (kCellsX + 1) + column) * stride + k] =
          __ldg(logits + (static_cast<int64_t>(y) * args.width + x) * args.classes + k);
    }
  }
  __syncthreads();

  const float* a = tile + (threadIdx.y * (kCellsX + 1) + threadIdx.x) * stride;
  const float *b = a + stride, *c = a + (kCellsX + 1) * stride, *d = c + stride;
  float greatest[kScale][kScale];
  int best[kScale][kScale];
#pragma unroll
  for (int i = 0; i < kScale * kScale; ++i) {
    greatest[i / kScale][i % kScale] = -INFINITY;
    best[i / kScale][i % kScale] = 0;
  }
  for (int k = 0; k < args.classes; ++k) {
#pragma unroll
    for (int i = 0; i < kScale; ++i) {
      const float weight = 0.125f + 0.25f * static_cast<float>(i);
      const float left = Mix(a[k], c[k], weight), right = Mix(b[k], d[k], weight);
#pragma unroll
      for (int j = 0; j < kScale; ++j) {
        const float value = Mix(left, right, 0.125f + 0.25f * static_cast<float>(j));
        const bool above = value > greatest[i][j];
        greatest[i][j] = above ? value : greatest[i][j];
        best[i][j] = above ? k : best[i][j];
      }
    }
  }
  uint8_t* labels = static_cast<uint8_t*>(args.labels) +
                    static_cast<int64_t>(blockIdx.z) * args.out_height * args.out_width;
  const int u = (first_x + static_cast<int>(threadIdx.x)) * kScale + 2;
  const int v = (first_y + static_cast<int>(threadIdx.y)) * kScale + 2;
#pragma unroll
  for (int i = 0; i < kScale; ++i) {
    if (static_cast<unsigned>(v + i) >= static_cast<unsigned>(args.out_height)) continue;
    uint8_t* row = labels + static_cast<int64_t>(v + i) * args.out_width;
#pragma unroll
    for (int j = 0; j < kScale; j += 2) {  // u is even, and so is the width
      if (static_cast<unsigned>(u + j) >= static_cast<unsigned>(args.out_width)) continue;
      *reinterpret_cast<uchar2*>(row + u + j) =
          make_uchar2(static_cast<uint8_t>(best[i][j]), static_cast<uint8_t>(best[i][j + 1]));
    }
  }
}

constexpr int kMaxSharedBytes = 48 * 1024;

int TileBytes(int classes, int cells_y) {
  return (cells_y + 1) * (kCellsX + 1) * (classes | 1) * static_cast<int>(sizeof(float));
}

bool LaunchFourfold(const UpsampleArgmaxArgs& args, cudaStream_t stream) {
  int cells_y = 8;
  while (cells_y > 1 && TileBytes(args.classes, cells_y) > kMaxSharedBytes) cells_y /= 2;
  const bool fits = args.out_height == kScale * args.height && args.out_width == kScale * args.width &&
                    args.labels != nullptr && args.confidence == nullptr && args.top == 0 &&
                    !args.wide_labels && TileBytes(args.classes, cells_y) <= kMaxSharedBytes;
  if (!fits) return false;
  const dim3 block(kCellsX, cells_y);
  const dim3 grid((args.width + 1 + kCellsX - 1) / kCellsX, (args.height + 1 + cells_y - 1) / cells_y,
                  args.n);
  Launch(UpsampleArgmax4Kernel, grid, block, TileBytes(args.classes, cells_y), stream, args);
  return true;
}

}  // namespace

void LaunchUpsampleArgmax(const UpsampleArgmaxArgs& args, cudaStream_t stream) {
  if (LaunchFourfold(args, stream)) return;
  constexpr int kThreads = 256;
  const int64_t pixels = static_cast<int64_t>(args.n) * args.out_height * args.out_width;
  const auto kernel =
      args.wide_labels ? PlainUpsampleArgmaxKernel<uint16_t> : PlainUpsampleArgmaxKernel<uint8_t>;
  Launch(kernel, BlocksFor(pixels, kThreads), kThreads, 0, stream, args);
}

}  // namespace segforge::cuda
