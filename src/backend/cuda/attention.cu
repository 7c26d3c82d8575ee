#include "backend/cuda/attention.h"

#include "backend/cuda/attention_hopper.cuh"
#include "backend/cuda/dispatch.cuh"
#include "backend/cuda/launch.cuh"
#include "backend/cuda/tensor_map.h"

namespace segforge::cuda {
namespace {

// Any head width: a warp a query, every 32nd key a lane, first for the maximum and the sum, then for the
// values.
template <typename T>
__global__ void PlainAttentionKernel(const AttentionArgs args) {
  WaitForInputs();
  const int lane = threadIdx.x % 32;
  const int64_t query = (static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x) / 32;
  if (query >= static_cast<int64_t>(args.n) * args.queries) return;
  const int64_t channels = static_cast<int64_t>(args.heads) * args.width;
  const int first = blockIdx.y * args.width;
  const T* q = static_cast<const T*>(args.q) + query * channels + first;
  const T* kv = static_cast<const T*>(args.kv) + query / args.queries * args.keys * 2 * channels + first;
  const auto score = [&](int key) {
    float s = 0;
    for (int c = 0; c < args.width; ++c) s += ToFloat(q[c]) * ToFloat(kv[key * 2 * channels + c]);
    return s * args.scale;
  };
  float greatest = -INFINITY, sum = 0;
  for (int key = lane; key < args.keys; key += 32) greatest = fmaxf(greatest, score(key));
  for (int mask = 16; mask > 0; mask /= 2) greatest = fmaxf(greatest, __shfl_xor_sync(~0u, greatest, mask));
  for (int key = lane; key < args.keys; key += 32) sum += expf(score(key) - greatest);
  for (int mask = 16; mask > 0; mask /= 2) sum += __shfl_xor_sync(~0u, sum, mask);
  T* y = static_cast<T*>(args.y) + query * channels + first;
  for (int c = 0; c < args.width; ++c) {
    float mixed = 0;
    for (int key = lane; key < args.keys; key += 32) {
      mixed += expf(score(key) - greatest) * ToFloat(kv[key * 2 * channels + channels + c]);
    }
    for (int mask = 16; mask > 0; mask /= 2) mixed += __shfl_xor_sync(~0u, mixed, mask);
    if (lane == 0) y[c] = FromFloat<T>(mixed / sum);
  }
}

template <typename Math, int kWidth, int kTiles>
void LaunchTiles(const AttentionArgs& args, cudaStream_t stream) {
  using T = typename Math::Storage;
  constexpr int kWarps = 4;
  constexpr int kRows = 16 * kTiles * kWarps;
  constexpr int kSharedBytes =
      (kRows + kAttentionStages * 2 * kKeyTile) * kWidth * static_cast<int>(sizeof(T));
  const auto kernel = AttentionKernel<Math, kWidth, kTiles, kWarps>;
  const dim3 grid((args.queries + kRows - 1) / kRows, args.heads, args.n);
  Launch(kernel, grid, 32 * kWarps, kSharedBytes, stream, args);
}

template <typename Math, int kWidth, int kGroups, int kSplits>
void LaunchGroups(const AttentionArgs& args, cudaStream_t stream) {
  constexpr DType kDType = kDTypeOfStorage<typename Math::Storage>;
  CUtensorMap q_map = {}, kv_map = {};
  MatrixBox box;
  box.n = args.n, box.rows = args.queries, box.columns = int64_t{args.heads} * kWidth;
  box.box_rows = 64 * kGroups, box.box_columns = kWidth;
  MapMatrices(kDType, args.q, box, &q_map);
  box.rows = args.keys, box.columns *= 2, box.box_rows = kSplits * kKeyTile;
  MapMatrices(kDType, args.kv, box, &kv_map);
  const dim3 grid((args.queries + 64 * kGroups - 1) / (64 * kGroups), args.heads, args.n);
  Launch(HopperAttentionKernel<Math, kWidth, kGroups, kSplits>, grid, 128 * kGroups * kSplits,
         kHopperAttentionBytes<kWidth, kGroups, kSplits>, stream, q_map, kv_map, args);
}

// Two warpgroups share the tiles of keys, or four the queries where these are few.
template <typename Math, int kWidth>
void LaunchHopper(const AttentionArgs& args, cudaStream_t stream) {
  const int64_t blocks = int64_t{(args.queries + 63) / 64} * args.heads * args.n;
  if (blocks >= 3 * Multiprocessors()) return LaunchGroups<Math, kWidth, 2, 1>(args, stream);
  if (2 * blocks >= 3 * Multiprocessors()) return LaunchGroups<Math, kWidth, 1, 1>(args, stream);
  LaunchGroups<Math, kWidth, 1, 4>(args, stream);
}

// Two tiles of 16 queries a warp read each key half as often; one tile where that would leave multiprocessors
// idle. Floats would need more registers for two than there are.
template <typename Math, int kWidth>
void LaunchWidth(const AttentionArgs& args, cudaStream_t stream) {
  constexpr int kLargeBlock = 128;
  if constexpr (sizeof(typename Math::Storage) == 2) {
    if (HasWarpgroups() && HasTensorMaps()) return LaunchHopper<Math, kWidth>(args, stream);
    const int64_t blocks = int64_t{(args.queries + kLargeBlock - 1) / kLargeBlock} * args.heads * args.n;
    if (blocks >= Multiprocessors() / 2) return LaunchTiles<Math, kWidth, 2>(args, stream);
  }
  LaunchTiles<Math, kWidth, 1>(args, stream);
}

template <typename Math>
void LaunchIn(const AttentionArgs& args, cudaStream_t stream) {
  if (args.width == 64) return LaunchWidth<Math, 64>(args, stream);
  if (args.width == 32) return LaunchWidth<Math, 32>(args, stream);
  constexpr int kThreads = 128;
  const int64_t warps = static_cast<int64_t>(args.n) * args.queries;
  const dim3 grid(static_cast<unsigned>((warps * 32 + kThreads - 1) / kThreads), args.heads);
  Launch(PlainAttentionKernel<typename Math::Storage>, grid, kThreads, 0, stream, args);
}

}  // namespace

void LaunchAttention(Precision precision, const AttentionArgs& args, cudaStream_t stream) {
  WithMath(precision, [&]<typename Math>(Math) { LaunchIn<Math>(args, stream); });
}

}  // namespace segforge::cuda
