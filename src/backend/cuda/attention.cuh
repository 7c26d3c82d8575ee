// Attention with the softmax taken while keys stream by (Milakov and Gimelshein 2018; Dao 2023,
// FlashAttention-2): the scores of a block of queries stay in registers, where the accumulators of q k^T
// become the left operand of p v.
#pragma once

#include "backend/cuda/attention.h"
#include "backend/cuda/launch.cuh"
#include "backend/cuda/math.cuh"
#include "backend/cuda/shared_memory.cuh"

namespace segforge::cuda {

constexpr int kKeyTile = 64;
constexpr int kAttentionStages = 2;

// Keys' and values' tiles have rows of kChunks chunks; where those are four, two rows share 128 bytes. The
// eight rows of a matrix fall into different banks.
template <int kChunks>
__device__ inline uint32_t HeadTileOffset(int row, int chunk) {
  if constexpr (kChunks == 4) {
    return static_cast<uint32_t>(row * 64 + ((chunk ^ (row >> 1 & 3)) << 4));
  } else {
    return static_cast<uint32_t>(row * kChunks * 16 + ((chunk ^ (row & 7)) << 4));
  }
}

template <typename Math>
__device__ inline float Exp2(float x) {
  if constexpr (sizeof(typename Math::Storage) == 4) {
    return exp2f(x);
  } else {
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
  }
}

// Rows of one head, `stride` elements apart, into shared memory; zeros past `rows`.
template <typename T, int kRows, int kChunks, int kThreads>
__device__ inline void CopyHeadRows(uint32_t shared, const T* from, int64_t stride, int first, int rows) {
  constexpr int kElems = kChunkBytes / static_cast<int>(sizeof(T));
#pragma unroll
  for (int i = 0; i < kRows * kChunks / kThreads; ++i) {
    const int at = static_cast<int>(threadIdx.x) + i * kThreads;
    const int row = at / kChunks, chunk = at % kChunks;
    const bool valid = first + row < rows;
    const T* source = from + (valid ? (first + row) * stride + chunk * kElems : 0);
    CopyChunk(shared + HeadTileOffset<kChunks>(row, chunk), source, valid);
  }
}

// p v for one tile of 16 rows and kKeyTile keys: o += p v. Halves: values are transposed while they are
// loaded. Floats: steps of eight keys are taken in the order 0 2 4 6 1 3 5 7, in which the accumulators of p
// already lie.
template <typename Math, int kChunks, int kTiles, int kWidthTiles>
__device__ inline void AddValues(float (&o)[kTiles][kWidthTiles][4], float (&p)[kTiles][kKeyTile / 8][4],
                                 uint32_t values, int lane) {
  if constexpr (sizeof(typename Math::Storage) == 2) {
#pragma unroll
    for (int step = 0; step < kKeyTile / 16; ++step) {
      uint32_t a[kTiles][4];
#pragma unroll
      for (int i = 0; i < kTiles; ++i) {
        a[i][0] = Math::Pack(p[i][2 * step][0], p[i][2 * step][1]);
        a[i][1] = Math::Pack(p[i][2 * step][2], p[i][2 * step][3]);
        a[i][2] = Math::Pack(p[i][2 * step + 1][0], p[i][2 * step + 1][1]);
        a[i][3] = Math::Pack(p[i][2 * step + 1][2], p[i][2 * step + 1][3]);
      }
#pragma unroll
      for (int j = 0; j < kWidthTiles / 2; ++j) {
        uint32_t b[4];
        LoadMatricesTransposed(b, values + HeadTileOffset<kChunks>(step * 16 + lane % 16, 2 * j + lane / 16));
#pragma unroll
        for (int i = 0; i < kTiles; ++i) {
          Math::Mma(o[i][2 * j], a[i], b[0], b[1]);
          Math::Mma(o[i][2 * j + 1], a[i], b[2], b[3]);
        }
      }
    }
  } else {
    const int g = lane / 4, t = lane % 4;
#pragma unroll
    for (int step = 0; step < kKeyTile / 8; ++step) {
#pragma unroll
      for (int j = 0; j < kWidthTiles; ++j) {
        const int chunk = j * 2 + g / 4;
        uint32_t b[2];
#pragma unroll
        for (int e = 0; e < 2; ++e) {
          const uint32_t at = values + HeadTileOffset<kChunks>(step * 8 + 2 * t + e, chunk) + g % 4 * 4;
          asm volatile("ld.shared.u32 %0, [%1];" : "=r"(b[e]) : "r"(at));
        }
#pragma unroll
        for (int i = 0; i < kTiles; ++i) {
          const uint32_t a[4] = {__float_as_uint(p[i][step][0]), __float_as_uint(p[i][step][2]),
                                 __float_as_uint(p[i][step][1]), __float_as_uint(p[i][step][3])};
          Math::Mma(o[i][j], a, b[0], b[1]);
        }
      }
    }
  }
}

// Grid: (query tiles, heads, n). A warp has kTiles x 16 queries.
template <typename Math, int kWidth, int kTiles, int kWarps>
__global__ void __launch_bounds__(32 * kWarps) AttentionKernel(const AttentionArgs args) {
  WaitForInputs();
  using T = typename Math::Storage;
  constexpr int kThreads = 32 * kWarps, kRows = 16 * kTiles * kWarps;
  constexpr int kChunks = kWidth / kChunkElems<Math>;
  constexpr int kSteps = kChunks / 2;  // of q k^T
  constexpr int kKeyBytes = kKeyTile * kWidth * static_cast<int>(sizeof(T));

  extern __shared__ __align__(1024) unsigned char shared[];
  const uint32_t q_tile = SharedAddress(shared);
  const uint32_t kv_tiles = q_tile + kRows * kWidth * sizeof(T);
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const int first_query = blockIdx.x * kRows, head = blockIdx.y;
  const int64_t channels = static_cast<int64_t>(args.heads) * kWidth;
  const T* q = static_cast<const T*>(args.q) + blockIdx.z * args.queries * channels + head * kWidth;
  const T* kv = static_cast<const T*>(args.kv) + blockIdx.z * args.keys * channels * 2 + head * kWidth;

  const auto load_keys = [&](int tile) {
    const uint32_t to = kv_tiles + tile % kAttentionStages * 2 * kKeyBytes;
    CopyHeadRows<T, kKeyTile, kChunks, kThreads>(to, kv, 2 * channels, tile * kKeyTile, args.keys);
    CopyHeadRows<T, kKeyTile, kChunks, kThreads>(to + kKeyBytes, kv + channels, 2 * channels, tile * kKeyTile,
                                                 args.keys);
  };

  CopyHeadRows<T, kRows, kChunks, kThreads>(q_tile, q, channels, first_query, args.queries);
  load_keys(0);
  CommitCopies();
  WaitForCopies<0>();
  __syncthreads();

  uint32_t q_fragments[kTiles][kSteps][4];
#pragma unroll
  for (int i = 0; i < kTiles; ++i) {
#pragma unroll
    for (int step = 0; step < kSteps; ++step) {
      const int row = (warp * kTiles + i) * 16 + lane % 16;
      LoadMatrices(q_fragments[i][step], q_tile + HeadTileOffset<kChunks>(row, 2 * step + lane / 16));
    }
  }

  const float to_log2 = args.scale * 1.4426950408889634f;
  float o[kTiles][kWidth / 8][4] = {};
  float greatest[kTiles][2], sum[kTiles][2] = {};
#pragma unroll
  for (int i = 0; i < kTiles; ++i) greatest[i][0] = greatest[i][1] = -INFINITY;

  const int tiles = (args.keys + kKeyTile - 1) / kKeyTile;
  for (int tile = 0; tile < tiles; ++tile) {
    if (tile > 0) {
      WaitForCopies<0>();
      __syncthreads();
    }
    if (tile + 1 < tiles) load_keys(tile + 1);
    CommitCopies();
    const uint32_t keys = kv_tiles + tile % kAttentionStages * 2 * kKeyBytes;

    float s[kTiles][kKeyTile / 8][4] = {};
#pragma unroll
    for (int step = 0; step < kSteps; ++step) {
#pragma unroll
      for (int j = 0; j < kKeyTile / 16; ++j) {
        uint32_t b[4];
        LoadMatrices(
            b, keys + HeadTileOffset<kChunks>(j * 16 + lane % 8 + lane / 16 * 8, 2 * step + lane / 8 % 2));
#pragma unroll
        for (int i = 0; i < kTiles; ++i) {
          Math::Mma(s[i][2 * j], q_fragments[i][step], b[0], b[1]);
          Math::Mma(s[i][2 * j + 1], q_fragments[i][step], b[2], b[3]);
        }
      }
    }
    if ((tile + 1) * kKeyTile > args.keys) {
#pragma unroll
      for (int j = 0; j < kKeyTile / 8; ++j) {
#pragma unroll
        for (int e = 0; e < 4; ++e) {
          const bool past = tile * kKeyTile + j * 8 + lane % 4 * 2 + e % 2 >= args.keys;
#pragma unroll
          for (int i = 0; i < kTiles; ++i) s[i][j][e] = past ? -INFINITY : s[i][j][e];
        }
      }
    }
#pragma unroll
    for (int i = 0; i < kTiles; ++i) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        float now = greatest[i][half];
#pragma unroll
        for (int j = 0; j < kKeyTile / 8; ++j)
          now = fmaxf(now, fmaxf(s[i][j][2 * half], s[i][j][2 * half + 1]));
        now = fmaxf(now, __shfl_xor_sync(~0u, now, 1));
        now = fmaxf(now, __shfl_xor_sync(~0u, now, 2));
        const float shrink = Exp2<Math>((greatest[i][half] - now) * to_log2);  // 0 at first
        greatest[i][half] = now;
        sum[i][half] *= shrink;
#pragma unroll
        for (int j = 0; j < kWidth / 8; ++j) {
          o[i][j][2 * half] *= shrink;
          o[i][j][2 * half + 1] *= shrink;
        }
        const float offset = now * to_log2;
#pragma unroll
        for (int j = 0; j < kKeyTile / 8; ++j) {
#pragma unroll
          for (int e = 2 * half; e < 2 * half + 2; ++e) {
            s[i][j][e] = Exp2<Math>(fmaf(s[i][j][e], to_log2, -offset));
            sum[i][half] += s[i][j][e];
          }
        }
      }
    }
    AddValues<Math, kChunks>(o, s, keys + kKeyBytes, lane);
  }

  T* y = static_cast<T*>(args.y) + blockIdx.z * args.queries * channels + head * kWidth;
#pragma unroll
  for (int i = 0; i < kTiles; ++i) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      float total = sum[i][half];
      total += __shfl_xor_sync(~0u, total, 1);
      total += __shfl_xor_sync(~0u, total, 2);
      const float inverse = 1.0f / total;
      const int query = first_query + (warp * kTiles + i) * 16 + half * 8 + lane / 4;
      if (query >= args.queries) continue;
      T* row = y + query * channels + lane % 4 * 2;
#pragma unroll
      for (int j = 0; j < kWidth / 8; ++j) {
        StorePair(row + j * 8, o[i][j][2 * half] * inverse, o[i][j][2 * half + 1] * inverse);
      }
    }
  }
}

}  // namespace segforge::cuda
