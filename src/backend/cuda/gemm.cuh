// The kernel of matrix products: a tile of A and one of W in shared memory, three deep, multiplied by
// ldmatrix and mma.sync. One source for every arithmetic; a tile's row is 128 bytes, 64 halves or 32 floats
// of K.
#pragma once

#include "backend/cuda/gemm.h"
#include "backend/cuda/launch.cuh"
#include "backend/cuda/math.cuh"
#include "backend/cuda/shared_memory.cuh"

namespace segforge::cuda {

// a / b from 1 / b in float32: exact for a below 2^20, where (a + 0.5) / b is further from an integer than it
// is rounded.
__device__ inline int Quotient(int a, float inverse) {
  return static_cast<int>((static_cast<float>(a) + 0.5f) * inverse);
}

struct GemmParams {
  const void* a;
  const void* w;
  const float* bias;
  const void* residual;
  void* y;
  float* partial;  // [splits, m, n], or null
  Patches patches;
  float inverse_row_elems, inverse_channels;  // of the patches
  int m, n, k;
  int tiles_per_split;
  bool y_is_float;
  bool is_plain;  // StorePlain serves
  Activation activation;
};

// Where the chunks come from that one thread loads of each tile of A: the same column of several rows.
template <typename T, int kRows, bool kPatches>
class RowSource {
 public:
  __device__ RowSource(const GemmParams& p, int first_row, int row_step) : p_(p) {
    MoveTo(first_row, row_step);
  }

  __device__ void MoveTo(int first_row, int row_step) {
    const GemmParams& p = p_;
#pragma unroll
    for (int i = 0; i < kRows; ++i) {
      const int row = first_row + i * row_step;
      valid_[i] = row < p.m;
      if constexpr (kPatches) {
        const int x = row % p.patches.out_width, rest = row / p.patches.out_width;
        const int y = rest % p.patches.out_height, image = rest / p.patches.out_height;
        y_[i] = y * p.patches.stride - p.patches.pad;
        x_[i] = x * p.patches.stride - p.patches.pad;
        offset_[i] = ((static_cast<int64_t>(image) * p.patches.height + y_[i]) * p.patches.width + x_[i]) *
                     p.patches.channels;
      } else {
        offset_[i] = static_cast<int64_t>(row) * p.k;
      }
    }
  }

  // Starts at element k of the row; `to` gives the shared address of row i.
  template <typename To>
  __device__ void Copy(int k, To to) const {
    const T* a = static_cast<const T*>(p_.a);
    if constexpr (kPatches) {
      const int ky = Quotient(k, p_.inverse_row_elems), rest = k - ky * p_.patches.row_elems;
      const int kx = Quotient(rest, p_.inverse_channels);
      const int64_t inside = static_cast<int64_t>(ky) * p_.patches.width * p_.patches.channels + rest;
#pragma unroll
      for (int i = 0; i < kRows; ++i) {
        const bool valid = valid_[i] && k < p_.k && static_cast<unsigned>(y_[i] + ky) < p_.patches.height &&
                           static_cast<unsigned>(x_[i] + kx) < p_.patches.width;
        CopyChunk(to(i), valid ? a + offset_[i] + inside : a, valid);
      }
    } else {
#pragma unroll
      for (int i = 0; i < kRows; ++i) {
        const bool valid = valid_[i] && k < p_.k;
        CopyChunk(to(i), valid ? a + offset_[i] + k : a, valid);
      }
    }
  }

 private:
  const GemmParams& p_;
  int64_t offset_[kRows];
  int y_[kPatches ? kRows : 1], x_[kPatches ? kRows : 1];
  bool valid_[kRows];
};

// Whole vectors of the operands' own type, and no more than a ReLU: what nearly every product of the network
// stores. Its code stands many times in a kernel; with the other cases beside it, a multiprocessor would wait
// for instructions.
template <typename T>
__device__ inline void StorePlain(const GemmParams& p, float (&v)[8], int row, int column) {
  constexpr int kElems = Vector<T>::kElems;
  const int64_t at = static_cast<int64_t>(row) * p.n + column;
  if (p.bias != nullptr) {
#pragma unroll
    for (int i = 0; i < 8; i += 4) {
      const float4 bias = __ldg(reinterpret_cast<const float4*>(p.bias + column + i));
      v[i] += bias.x, v[i + 1] += bias.y, v[i + 2] += bias.z, v[i + 3] += bias.w;
    }
  }
  if (p.residual != nullptr) {
#pragma unroll
    for (int i = 0; i < 8; i += kElems) {
      const auto residual = Vector<T>::Load(static_cast<const T*>(p.residual) + at + i);
#pragma unroll
      for (int e = 0; e < kElems; ++e) v[i + e] += residual.x[e];
    }
  }
  const float least = p.activation == Activation::kRelu ? 0.0f : -INFINITY;
#pragma unroll
  for (int i = 0; i < 8; i += kElems) {
    Vector<T> out;
#pragma unroll
    for (int e = 0; e < kElems; ++e) out.x[e] = fmaxf(v[i + e], least);
    out.Store(static_cast<T*>(p.y) + at + i);
  }
}

// Everything else, value by value.
template <typename T>
__device__ __noinline__ void StoreAny(const GemmParams& p, float4 first, float4 second, int row, int column) {
  const float v[8] = {first.x, first.y, first.z, first.w, second.x, second.y, second.z, second.w};
  const int64_t at = static_cast<int64_t>(row) * p.n + column;
  if (p.partial != nullptr) {
    float* to = p.partial + static_cast<int64_t>(blockIdx.y) * p.m * p.n + at;
    if (p.n % 8 == 0) {
      *reinterpret_cast<float4*>(to) = first;
      *reinterpret_cast<float4*>(to + 4) = second;
      return;
    }
    for (int i = 0; i < 8 && column + i < p.n; ++i) to[i] = v[i];
    return;
  }
#pragma unroll
  for (int i = 0; i < 8; ++i) {
    if (column + i >= p.n) break;
    float x = v[i];
    if (p.bias != nullptr) x += p.bias[column + i];
    if (p.residual != nullptr) x += ToFloat(static_cast<const T*>(p.residual)[at + i]);
    if (p.activation == Activation::kRelu) x = fmaxf(x, 0.0f);
    if (p.activation == Activation::kGelu) x = Gelu<T>(x);
    if (p.y_is_float) {
      static_cast<float*>(p.y)[at + i] = x;
    } else {
      static_cast<T*>(p.y)[at + i] = FromFloat<T>(x);
    }
  }
}

template <typename T>
__device__ inline void Finish(const GemmParams& p, float (&v)[8], int row, int column) {
  if (p.is_plain) {
    StorePlain<T>(p, v, row, column);
  } else {
    StoreAny<T>(p, make_float4(v[0], v[1], v[2], v[3]), make_float4(v[4], v[5], v[6], v[7]), row, column);
  }
}

// What a thread of a warpgroup has of 64 rows and kTileN columns of y.
template <typename T, int kTileN>
__device__ inline void StoreSums(const GemmParams& p, const float (&sum)[kTileN / 8][4], int first_row,
                                 int first_column) {
  const int warp = threadIdx.x / 32 % 4, lane = threadIdx.x % 32;
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const int row = first_row + warp * 16 + half * 8 + lane / 4;
    if (row >= p.m) continue;
#pragma unroll
    for (int j = 0; j < kTileN / 8; j += 4) {
      float v[8];
#pragma unroll
      for (int e = 0; e < 8; ++e) v[e] = sum[j + e / 2][half * 2 + e % 2];
      const int column = first_column + j * 8 + lane % 4 * 8;
      if (column < p.n) Finish<T>(p, v, row, column);
    }
  }
}

constexpr int kGemmStages = 3;

// Tile kTileM x kTileN of y a block; kWarpsM x kWarpsN warps share it. Grid: (tiles, splits); tiles of the
// same rows follow each other, so that A comes from the L2 cache after the first.
template <typename Math, int kTileM, int kTileN, int kWarpsM, int kWarpsN, bool kPatches>
__global__ void __launch_bounds__(32 * kWarpsM * kWarpsN) GemmKernel(const GemmParams p) {
  WaitForInputs();
  using T = typename Math::Storage;
  constexpr int kThreads = 32 * kWarpsM * kWarpsN;
  constexpr int kRowStep = kThreads / kTileRowChunks;
  constexpr int kTilesM = kTileM / kWarpsM / 16;  // of 16 rows, in a warp
  constexpr int kTilesN = kTileN / kWarpsN / 8;   // of 8 columns
  static_assert(kTilesN % 4 == 0, "a thread stores four of them at once");
  constexpr int kStageBytes = (kTileM + kTileN) * kTileRowBytes;
  constexpr int kTileK = kTileRowChunks * kChunkElems<Math>;

  extern __shared__ __align__(1024) unsigned char shared[];
  const uint32_t base = SharedAddress(shared);
  const int thread = threadIdx.x, warp = thread / 32, lane = thread % 32;
  const int tiles_n = (p.n + kTileN - 1) / kTileN;
  const int row0 = static_cast<int>(blockIdx.x) / tiles_n * kTileM;
  const int column0 = static_cast<int>(blockIdx.x) % tiles_n * kTileN;
  const int load_row = thread / kTileRowChunks, load_chunk = thread % kTileRowChunks;

  const int k_tiles = (p.k + kTileK - 1) / kTileK;
  const int first_tile = blockIdx.y * p.tiles_per_split;
  const int tiles = min(p.tiles_per_split, k_tiles - first_tile);
  const RowSource<T, kTileM / kRowStep, kPatches> source(p, row0 + load_row, kRowStep);

  const auto load = [&](int tile) {
    const uint32_t a_tile = base + tile % kGemmStages * kStageBytes;
    const uint32_t w_tile = a_tile + kTileM * kTileRowBytes;
    const int k = (first_tile + tile) * kTileK + load_chunk * kChunkElems<Math>;
    source.Copy(k, [&](int i) { return a_tile + TileOffset(load_row + i * kRowStep, load_chunk); });
#pragma unroll
    for (int i = 0; i < kTileN / kRowStep; ++i) {
      const int row = load_row + i * kRowStep;
      const bool valid = k < p.k && column0 + row < (p.n + 31) / 32 * 32;
      const T* from =
          static_cast<const T*>(p.w) + (valid ? static_cast<int64_t>(column0 + row) * p.k + k : 0);
      CopyChunk(w_tile + TileOffset(row, load_chunk), from, valid);
    }
  };

  float sum[kTilesM][kTilesN][4] = {};
  const int warp_row = warp / kWarpsN * (kTilesM * 16), warp_column = warp % kWarpsN * (kTilesN * 8);

#pragma unroll
  for (int stage = 0; stage < kGemmStages - 1; ++stage) {
    if (stage < tiles) load(stage);
    CommitCopies();
  }
  for (int tile = 0; tile < tiles; ++tile) {
    WaitForCopies<kGemmStages - 2>();
    __syncthreads();
    if (tile + kGemmStages - 1 < tiles) load(tile + kGemmStages - 1);
    CommitCopies();
    const uint32_t a_tile = base + tile % kGemmStages * kStageBytes;
    const uint32_t w_tile = a_tile + kTileM * kTileRowBytes;
#pragma unroll
    for (int step = 0; step < kTileRowChunks / 2; ++step) {
      uint32_t a[kTilesM][4], w[kTilesN / 2][4];
#pragma unroll
      for (int i = 0; i < kTilesM; ++i) {
        LoadMatrices(a[i], a_tile + TileOffset(warp_row + i * 16 + lane % 16, 2 * step + lane / 16));
      }
#pragma unroll
      for (int j = 0; j < kTilesN / 2; ++j) {  // two tiles of 8 columns, two chunks each
        const int row = warp_column + j * 16 + lane % 8 + lane / 16 * 8;
        LoadMatrices(w[j], w_tile + TileOffset(row, 2 * step + lane / 8 % 2));
      }
#pragma unroll
      for (int i = 0; i < kTilesM; ++i) {
#pragma unroll
        for (int j = 0; j < kTilesN; ++j) {
          Math::Mma(sum[i][j], a[i], w[j / 2][j % 2 * 2], w[j / 2][j % 2 * 2 + 1]);
        }
      }
    }
  }

  const int g = lane / 4, t = lane % 4;
#pragma unroll
  for (int i = 0; i < kTilesM; ++i) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int row = row0 + warp_row + i * 16 + half * 8 + g;
      if (row >= p.m) continue;
#pragma unroll
      for (int j = 0; j < kTilesN; j += 4) {
        float v[8];
#pragma unroll
        for (int e = 0; e < 8; ++e) v[e] = sum[i][j + e / 2][half * 2 + e % 2];
        const int column = column0 + warp_column + j * 8 + t * 8;
        if (column < p.n) Finish<T>(p, v, row, column);
      }
    }
  }
}

}  // namespace segforge::cuda
