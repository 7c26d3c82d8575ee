// The same attention by warpgroups, for 16-bit values: 64 queries each, scores and weights in registers, keys
// and values multiplied from shared memory (Shah et al. 2024, FlashAttention-3). While the values of one tile
// of keys are multiplied, the scores of the next are under way already. Where there are too few queries to
// fill the GPU, two warpgroups share 64 of them and take every other tile of keys each.
#pragma once

#include "backend/cuda/attention.cuh"
#include "backend/cuda/wgmma.cuh"

namespace segforge::cuda {

template <int kSplits>
constexpr int kHopperAttentionStages = kSplits == 1 ? 4 : 3;

template <int kWidth, int kGroups, int kSplits>
constexpr int kHopperAttentionBytes =
    (kGroups * 64 + kHopperAttentionStages<kSplits> * kSplits * 2 * kKeyTile) * kWidth * 2;

// Softmax of one row's part of a tile, as far as it is known: s becomes its weights; returns by how much all
// that was summed before shrinks.
template <typename Math>
__device__ inline float TakeSoftmax(float (&s)[kKeyTile / 8][4], int half, float to_log2, float& greatest,
                                    float& sum) {
  float now = greatest;
#pragma unroll
  for (int j = 0; j < kKeyTile / 8; ++j) now = fmaxf(now, fmaxf(s[j][2 * half], s[j][2 * half + 1]));
  now = fmaxf(now, __shfl_xor_sync(~0u, now, 1));
  now = fmaxf(now, __shfl_xor_sync(~0u, now, 2));
  const float shrink = Exp2<Math>((greatest - now) * to_log2);  // 0 at first
  greatest = now;
  const float offset = now * to_log2;
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
__global__ void __launch_bounds__(128 * kGroups * kSplits) HopperAttentionKernel(const AttentionArgs args) {
#ifdef SEGFORGE_WGMMA
  using T = typename Math::Storage;
  constexpr int kThreads = 128 * kGroups * kSplits, kRows = 64 * kGroups;
  constexpr int kChunks = kWidth / 8, kRowBytes = kWidth * 2;
  constexpr int kKeyBytes = kKeyTile * kRowBytes;
  constexpr int kStages = kHopperAttentionStages<kSplits>;

  WaitForInputs();
  extern __shared__ __align__(1024) unsigned char shared[];
  const uint32_t q_tile = SharedAddress(shared);
  const uint32_t kv_tiles = q_tile + kRows * kRowBytes;
  const int group = threadIdx.x / 128 / kSplits, split = threadIdx.x / 128 % kSplits;
  const int warp = threadIdx.x / 32 % 4, lane = threadIdx.x % 32;
  const int first_query = blockIdx.x * kRows, head = blockIdx.y;
  const int64_t channels = static_cast<int64_t>(args.heads) * kWidth;
  const T* q = static_cast<const T*>(args.q) + blockIdx.z * args.queries * channels + head * kWidth;
  const T* kv = static_cast<const T*>(args.kv) + blockIdx.z * args.keys * channels * 2 + head * kWidth;
  const int tiles = (args.keys + kKeyTile - 1) / kKeyTile, steps = (tiles + kSplits - 1) / kSplits;

  const auto load_step = [&](int step) {
    if (step < steps) {
#pragma unroll
      for (int i = 0; i < kSplits; ++i) {
        const uint32_t to = kv_tiles + (step % kStages * kSplits + i) * 2 * kKeyBytes;
        const int first = (step * kSplits + i) * kKeyTile;
        CopyHeadRows<T, kKeyTile, kChunks, kThreads>(to, kv, 2 * channels, first, args.keys);
        CopyHeadRows<T, kKeyTile, kChunks, kThreads>(to + kKeyBytes, kv + channels, 2 * channels, first,
                                                     args.keys);
      }
    }
    CommitCopies();
  };

  CopyHeadRows<T, kRows, kChunks, kThreads>(q_tile, q, channels, first_query, args.queries);
#pragma unroll
  for (int i = 0; i < kStages - 2; ++i) load_step(i);

  const float to_log2 = args.scale * 1.4426950408889634f;
  const uint32_t my_queries = q_tile + group * 64 * kRowBytes;
  PartialAttention<kWidth> part;
  if constexpr (kSplits > 1) {  // the second may find no keys
#pragma unroll
    for (int i = 0; i < kWidth / 2; ++i) part.o[i / 4][i % 4] = 0;
  }
  for (int step = 0; step < steps; ++step) {
    WaitForCopies<kStages - 3>();
    FenceForWgmma();
    __syncthreads();
    load_step(step + kStages - 2);  // over the step before the last one, with which every warpgroup is done
    const int tile = step * kSplits + split;
    if constexpr (kSplits > 1) {
      if (tile >= tiles) break;  // in the last step
    }
    const uint32_t keys = kv_tiles + (step % kStages * kSplits + split) * 2 * kKeyBytes,
                   values = keys + kKeyBytes;

    float s[kKeyTile / 8][4];
    WgmmaFence();
#pragma unroll
    for (int k = 0; k < kWidth / 16; ++k) {
      Wgmma<Math, kKeyTile, false>::Run(s, MatrixDescriptor<kRowBytes>(my_queries + k * 32),
                                        MatrixDescriptor<kRowBytes>(keys + k * 32), k > 0);
    }
    WgmmaCommit();
    WgmmaWait<0>();
    if ((tile + 1) * kKeyTile > args.keys) MaskKeys(s, tile * kKeyTile, args.keys, lane);
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const float shrink = TakeSoftmax<Math>(s, half, to_log2, part.greatest[half], part.sum[half]);
      if (step == 0) continue;
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
  }
  WgmmaWait<0>();

  if constexpr (kSplits == 2) {
    float* exchange = reinterpret_cast<float*>(shared) +
                      (group * 128 + threadIdx.x % 128) * PartialAttention<kWidth>::kFloats;
    __syncthreads();  // the tiles are done with
    if (split == 1) part.Write(exchange);
    __syncthreads();
    if (split == 1) return;
    part.template Add<Math>(exchange, to_log2);
  }
  T* y = static_cast<T*>(args.y) + blockIdx.z * args.queries * channels + head * kWidth;
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    float total = part.sum[half];
    total += __shfl_xor_sync(~0u, total, 1);
    total += __shfl_xor_sync(~0u, total, 2);
    const float inverse = 1.0f / total;
    const int query = first_query + group * 64 + warp * 16 + half * 8 + lane / 4;
    if (query >= args.queries) continue;
    T* row = y + query * channels + lane % 4 * 2;
#pragma unroll
    for (int j = 0; j < kWidth / 8; ++j) {
      StorePair(row + j * 8, part.o[j][2 * half] * inverse, part.o[j][2 * half + 1] * inverse);
    }
  }
#endif
}

}  // namespace segforge::cuda
