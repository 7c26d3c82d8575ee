// The same attention by warpgroups, for 16-bit values: 64 queries each, scores and weights in registers, keys
// and values multiplied from shared memory, where the copy engine puts them (Shah et al. 2024,
// FlashAttention-3). While the values of one tile of keys are multiplied, the scores of the next are under
// way already. Where there are too few queries to fill the GPU, several warpgroups share 64 of them and take
// their tiles of keys in turns.
#pragma once

#include "backend/cuda/attention.cuh"
#include "backend/cuda/tma.cuh"
#include "backend/cuda/wgmma.cuh"

namespace segforge::cuda {

// A step of keys are a tile for each of kSplits warpgroups; of a stage, the keys come first, then the values.
template <int kWidth, int kSplits>
constexpr int kAttentionStageBytes = 2 * kSplits* kKeyTile* kWidth * 2;

template <int kSplits>
constexpr int kHopperAttentionStages = kSplits == 1   ? 4
                                       : kSplits == 2 ? 4
                                                      : 3;

template <int kWidth, int kGroups, int kSplits>
constexpr int kHopperAttentionBytes =
    kGroups * 64 * kWidth * 2 + kHopperAttentionStages<kSplits>* kAttentionStageBytes<kWidth, kSplits>;

// How far scores may exceed the maximum that is subtracted from them: weights stay below 2^8, and what was
// summed before is seldom made smaller.
constexpr float kSlackLog2 = 8;

// Softmax of one row's part of a tile, as far as it is known: s becomes its weights; returns by how much all
// that was summed before shrinks.
template <typename Math>
__device__ inline float TakeSoftmax(float (&s)[kKeyTile / 8][4], int half, float to_log2, float& greatest,
                                    float& sum) {
  float now = s[0][2 * half];
#pragma unroll
  for (int j = 0; j < kKeyTile / 8; ++j) now = fmaxf(now, fmaxf(s[j][2 * half], s[j][2 * half + 1]));
  now = fmaxf(now, __shfl_xor_sync(~0u, now, 1));
  now = fmaxf(now, __shfl_xor_sync(~0u, now, 2));
  float shrink = 1;
  if ((now - greatest) * to_log2 > kSlackLog2) {
    shrink = Exp2<Math>((greatest - now) * to_log2);  // 0 at first
    greatest = now;
  }
  const float offset = greatest * to_log2;
  float part = 0;
#pragma unroll
  for (int j = 0; j < kKeyTile / 8; ++j) {
#pragma unroll
    for (int e = 2 * half; e < 2 * half + 2; ++e) {
      s[j][e] = Exp2<Math>(fmaf(s[j][e], to_log2, -offset));
      part += s[j][e];
    }
  }
  sum = fmaf(sum, shrink, part);
  return shrink;
}

__device__ inline void MaskKeys(float (&s)[kKeyTile / 8][4], int first_key, int keys, int lane) {
#pragma unroll
  for (int j = 0; j < kKeyTile / 8; ++j) {
#pragma unroll
    for (int e = 0; e < 4; ++e) {
      if (first_key + j * 8 + lane % 4 * 2 + e % 2 >= keys) s[j][e] = -INFINITY;
    }
  }
}

// What a warpgroup knows of its 64 queries after some of the keys: a thread's part.
template <int kWidth>
struct PartialAttention {
  float o[kWidth / 8][4];
  float greatest[2] = {-INFINITY, -INFINITY}, sum[2] = {};

  // Adds what another warpgroup left at `from`, in the order in which it was written.
  template <typename Math>
  __device__ void Add(const float* from, float to_log2) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const float other = from[half], now = fmaxf(greatest[half], other);
      const float mine = Exp2<Math>((greatest[half] - now) * to_log2),
                  theirs = Exp2<Math>((other - now) * to_log2);
      greatest[half] = now;
      sum[half] = sum[half] * mine + from[2 + half] * theirs;
#pragma unroll
      for (int j = 0; j < kWidth / 8; ++j) {
#pragma unroll
        for (int e = 2 * half; e < 2 * half + 2; ++e) o[j][e] = o[j][e] * mine + from[4 + j * 4 + e] * theirs;
      }
    }
  }
  __device__ void Write(float* to) const {
#pragma unroll
    for (int half = 0; half < 2; ++half) to[half] = greatest[half], to[2 + half] = sum[half];
#pragma unroll
    for (int i = 0; i < kWidth / 2; ++i) to[4 + i] = o[i / 4][i % 4];
  }
  static constexpr int kFloats = 4 + kWidth / 2 + 1;  // odd: a warp's threads write to different banks
};

// Grid: (tiles of kGroups * 64 queries, heads, n); kSplits warpgroups share each 64.
template <typename Math, int kWidth, int kGroups, int kSplits>
__global__ void __launch_bounds__(128 * kGroups * kSplits)
    HopperAttentionKernel(const __grid_constant__ CUtensorMap q_map,
                          const __grid_constant__ CUtensorMap kv_map, const AttentionArgs args) {
#ifdef SEGFORGE_WGMMA
  using T = typename Math::Storage;
  constexpr int kRows = 64 * kGroups, kRowBytes = kWidth * 2, kStages = kHopperAttentionStages<kSplits>;
  constexpr int kStageBytes = kAttentionStageBytes<kWidth, kSplits>, kStepKeys = kSplits * kKeyTile;

  extern __shared__ __align__(1024) unsigned char shared[];
  __shared__ __align__(8) uint64_t barriers[2 * kStages + 1];
  const uint32_t q_tile = SharedAddress(shared), stages = q_tile + kRows * kRowBytes;
  const uint32_t full = SharedAddress(barriers), empty = full + kStages * 8, q_full = empty + kStages * 8;
  const int warpgroup = UniformOf(threadIdx.x / 128), group = warpgroup / kSplits,
            split = warpgroup % kSplits;
  const int lane = threadIdx.x % 32;
  const int first_query = blockIdx.x * kRows, head = blockIdx.y, image = blockIdx.z;
  const int channels = args.heads * kWidth;
  const int tiles = (args.keys + kKeyTile - 1) / kKeyTile, steps = (tiles + kSplits - 1) / kSplits;
  const bool copies = UniformOf(threadIdx.x / 32) == 0;

  const auto copy_step = [&](int step, int stage) {
    const uint32_t keys = stages + stage * kStageBytes, told = full + stage * 8;
    ArriveExpecting(told, kStageBytes);
    CopyRowsOf(keys, &kv_map, head * kWidth, step * kStepKeys, image, told);
    CopyRowsOf(keys + kStageBytes / 2, &kv_map, channels + head * kWidth, step * kStepKeys, image, told);
  };
  if (copies && ElectLane()) {
    for (int i = 0; i < kStages; ++i) {
      InitBarrier(full + i * 8, 1);
      InitBarrier(empty + i * 8, kGroups * kSplits);
    }
    InitBarrier(q_full, 1);
    FenceBarriers();
    WaitForInputs();
    ArriveExpecting(q_full, kRows * kRowBytes);
    CopyRowsOf(q_tile, &q_map, head * kWidth, first_query, image, q_full);
    for (int i = 0; i < min(kStages, steps); ++i) copy_step(i, i);
  }
  __syncthreads();
  WaitForInputs();

  const float to_log2 = args.scale * 1.4426950408889634f;
  const uint32_t my_queries = q_tile + group * 64 * kRowBytes;
  PartialAttention<kWidth> part;
  const int my_steps = (tiles - split + kSplits - 1) / kSplits;  // none for some, with few keys
  WaitBarrier(q_full, 0);
  for (int step = 0, stage = 0, parity = 0, refill = 0, refill_parity = 0; step < my_steps; ++step) {
    WaitBarrier(full + stage * 8, parity);
    const int tile = step * kSplits + split;
    const uint32_t keys = stages + stage * kStageBytes + split * kKeyTile * kRowBytes;
    const uint32_t values = keys + kStageBytes / 2;

    float s[kKeyTile / 8][4];
    WgmmaFence();
#pragma unroll
    for (int k = 0; k < kWidth / 16; ++k) {
      Wgmma<Math, kKeyTile, false>::Run(s, MatrixDescriptor<kRowBytes>(my_queries + k * 32),
                                        MatrixDescriptor<kRowBytes>(keys + k * 32), k > 0);
    }
    WgmmaCommit();
    WgmmaWait<0>();
    // With these scores, the values of the step before were multiplied.
    if (step > 0 && threadIdx.x % 128 == 0) Arrive(empty + (stage == 0 ? kStages - 1 : stage - 1) * 8);
    // The stage of the step before that: by now, other warpgroups are likely to have left it too.
    if (copies && step >= 2 && step - 2 + kStages < steps && ElectLane()) {
      WaitBarrier(empty + refill * 8, refill_parity);
      copy_step(step - 2 + kStages, refill);
    }
    if (step >= 2 && ++refill == kStages) refill = 0, refill_parity ^= 1;
    if ((tile + 1) * kKeyTile > args.keys) MaskKeys(s, tile * kKeyTile, args.keys, lane);
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const float shrink = TakeSoftmax<Math>(s, half, to_log2, part.greatest[half], part.sum[half]);
      if (__all_sync(~0u, shrink == 1)) continue;
#pragma unroll
      for (int j = 0; j < kWidth / 8; ++j) {
        part.o[j][2 * half] *= shrink;
        part.o[j][2 * half + 1] *= shrink;
      }
    }
    uint32_t p[kKeyTile / 16][4];
#pragma unroll
    for (int k = 0; k < kKeyTile / 16; ++k) {
      p[k][0] = Math::Pack(s[2 * k][0], s[2 * k][1]);
      p[k][1] = Math::Pack(s[2 * k][2], s[2 * k][3]);
      p[k][2] = Math::Pack(s[2 * k + 1][0], s[2 * k + 1][1]);
      p[k][3] = Math::Pack(s[2 * k + 1][2], s[2 * k + 1][3]);
    }
    WgmmaFence();
#pragma unroll
    for (int k = 0; k < kKeyTile / 16; ++k) {
      Wgmma<Math, kWidth, true>::Run(part.o, p[k], MatrixDescriptor<kRowBytes>(values + k * 16 * kRowBytes),
                                     step > 0 || k > 0);
    }
    WgmmaCommit();
    if (++stage == kStages) stage = 0, parity ^= 1;
  }
  WgmmaWait<0>();

  if constexpr (kSplits > 1) {
    if (my_steps == 0) {
#pragma unroll
      for (int i = 0; i < kWidth / 2; ++i) part.o[i / 4][i % 4] = 0;
    }
    constexpr int kFloats = PartialAttention<kWidth>::kFloats;
    float* exchange =
        reinterpret_cast<float*>(shared) + (group * (kSplits - 1) * 128 + threadIdx.x % 128) * kFloats;
    __syncthreads();  // the tiles are done with
    if (split > 0) part.Write(exchange + (split - 1) * 128 * kFloats);
    __syncthreads();
    if (split > 0) return;
#pragma unroll
    for (int i = 0; i < kSplits - 1; ++i) part.template Add<Math>(exchange + i * 128 * kFloats, to_log2);
  }
  T* y = static_cast<T*>(args.y) + static_cast<int64_t>(image) * args.queries * channels + head * kWidth;
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    float total = part.sum[half];
    total += __shfl_xor_sync(~0u, total, 1);
    total += __shfl_xor_sync(~0u, total, 2);
    const float inverse = 1.0f / total;
    const int query = first_query + group * 64 + threadIdx.x / 32 % 4 * 16 + half * 8 + lane / 4;
    if (query >= args.queries) continue;
    T* row = y + static_cast<int64_t>(query) * channels + lane % 4 * 2;
#pragma unroll
    for (int j = 0; j < kWidth / 8; ++j) {
      StorePair(row + j * 8, part.o[j][2 * half] * inverse, part.o[j][2 * half + 1] * inverse);
    }
  }
#endif
}

}  // namespace segforge::cuda
