// Matrix products by warpgroups. A block stays and takes one tile of y after another: the copies for the next
// tiles run while the last one is multiplied and stored, which is what the products with a short K need most.
#pragma once

#include "backend/cuda/gemm.cuh"
#include "backend/cuda/wgmma.cuh"

namespace segforge::cuda {

// Two blocks a multiprocessor, so that one multiplies while the other stores; as many stages as their tiles
// leave room for.
constexpr int kHopperSharedBytes = 220 * 1024;
template <int kGroups, int kTileN>
constexpr int kHopperStages = kHopperSharedBytes / 2 / ((64 * kGroups + kTileN) * kTileRowBytes) > 6
                                  ? 6
                                  : kHopperSharedBytes / 2 / ((64 * kGroups + kTileN) * kTileRowBytes);

// A tile has kGroups * 64 rows and kTileN columns. Grid: (blocks that stay, splits).
template <typename Math, int kGroups, int kTileN, bool kPatches>
__global__ void __launch_bounds__(128 * kGroups) HopperGemmKernel(const GemmParams p) {
#ifdef SEGFORGE_WGMMA
  using T = typename Math::Storage;
  constexpr int kTileM = 64 * kGroups, kThreads = 128 * kGroups, kStages = kHopperStages<kGroups, kTileN>;
  constexpr int kRowStep = kThreads / kTileRowChunks;
  constexpr int kStageBytes = (kTileM + kTileN) * kTileRowBytes;
  constexpr int kTileK = kTileRowChunks * kChunkElems<Math>;
  constexpr int kSteps = kTileRowBytes / 32;  // of wgmma

  extern __shared__ __align__(1024) unsigned char shared[];
  const uint32_t base = SharedAddress(shared);
  const int thread = threadIdx.x, group = thread / 128;
  const int load_row = thread / kTileRowChunks, load_chunk = thread % kTileRowChunks;
  const int tiles_n = (p.n + kTileN - 1) / kTileN;
  const int tiles = (p.m + kTileM - 1) / kTileM * tiles_n;
  const int first_k = blockIdx.y * p.tiles_per_split;
  const int k_tiles = min(p.tiles_per_split, (p.k + kTileK - 1) / kTileK - first_k);
  const int my_tiles =
      (tiles - static_cast<int>(blockIdx.x) + static_cast<int>(gridDim.x) - 1) / static_cast<int>(gridDim.x);
  const int total = my_tiles * k_tiles;

  const auto copy_weights = [&](int stage, int tile, int k_tile) {
    const uint32_t w_tile = base + stage * kStageBytes + kTileM * kTileRowBytes;
    const int k = (first_k + k_tile) * kTileK + load_chunk * kChunkElems<Math>;
    const int column0 = tile % tiles_n * kTileN;
#pragma unroll
    for (int i = 0; i < (kTileN + kRowStep - 1) / kRowStep; ++i) {
      const int row = load_row + i * kRowStep;
      const bool valid = k < p.k && column0 + row < (p.n + 31) / 32 * 32;
      const T* from =
          static_cast<const T*>(p.w) + (valid ? static_cast<int64_t>(column0 + row) * p.k + k : 0);
      if (kTileN % kRowStep == 0 || row < kTileN)
        CopyChunk(w_tile + TileOffset(row, load_chunk), from, valid);
    }
  };
  // No kernel writes weights: the first ones need not wait for the kernel before this one.
  for (int i = 0; i < min(kStages - 1, total); ++i) {
    copy_weights(i, static_cast<int>(blockIdx.x) + i / k_tiles * static_cast<int>(gridDim.x), i % k_tiles);
  }
  WaitForInputs();

  // What is copied next.
  int load_tile = blockIdx.x, load_k = 0, load_stage = 0, loaded = 0;
  RowSource<T, kTileM / kRowStep, kPatches> source(p, load_tile / tiles_n * kTileM + load_row, kRowStep);
  const auto load_next = [&](bool with_weights) {
    if (loaded < total) {
      const uint32_t a_tile = base + load_stage * kStageBytes;
      const int k = (first_k + load_k) * kTileK + load_chunk * kChunkElems<Math>;
      source.Copy(k, [&](int i) { return a_tile + TileOffset(load_row + i * kRowStep, load_chunk); });
      if (with_weights) copy_weights(load_stage, load_tile, load_k);
      ++loaded;
      load_stage = load_stage + 1 == kStages ? 0 : load_stage + 1;
      if (++load_k == k_tiles) {
        load_k = 0;
        load_tile += gridDim.x;
        source.MoveTo(load_tile / tiles_n * kTileM + load_row, kRowStep);
      }
    }
    CommitCopies();
  };

#pragma unroll 1
  for (int i = 0; i < kStages - 1; ++i) load_next(false);
  float sum[kTileN / 8][4];
  int stage = 0;
  for (int tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
    for (int k = 0; k < k_tiles; ++k) {
      WaitForCopies<kStages - 2>();
      FenceForWgmma();
      __syncthreads();
      const uint32_t a_tile = base + stage * kStageBytes + group * 64 * kTileRowBytes;
      const uint32_t w_tile = base + stage * kStageBytes + kTileM * kTileRowBytes;
      WgmmaFence();
#pragma unroll
      for (int step = 0; step < kSteps; ++step) {
        Wgmma<Math, kTileN, false>::Run(sum, MatrixDescriptor<128>(a_tile + step * 32),
                                        MatrixDescriptor<128>(w_tile + step * 32), k > 0 || step > 0);
      }
      WgmmaCommit();
      load_next(true);  // into the stage that was multiplied in the last step
      WgmmaWait<0>();
      stage = stage + 1 == kStages ? 0 : stage + 1;
    }
    StoreSums<T, kTileN>(p, sum, tile / tiles_n * kTileM + group * 64, tile % tiles_n * kTileN);
  }
#endif
}

}  // namespace segforge::cuda
