// Matrix products whose tiles are loaded by the copy engine: one warp keeps the copies going, several steps
// of K ahead, the warpgroups multiply and do nothing else. That pays from some hundred values of K on.
#pragma once

#include "backend/cuda/gemm.cuh"
#include "backend/cuda/tma.cuh"
#include "backend/cuda/wgmma.cuh"

namespace segforge::cuda {

constexpr int kMaxTmaStages = 8;

struct TmaGemmParams {
  GemmParams product;
  int stages;
  int k_tiles;
};

// Stages of shared memory, each a tile of A and one of the weights, and the barriers that tell when they are
// filled and when they may be filled again.
struct TmaStages {
  uint32_t tiles, stage_bytes, barriers;
  int count;
  __device__ uint32_t Tiles(int stage) const { return tiles + stage * stage_bytes; }
  __device__ uint32_t Full(int stage) const { return barriers + stage * 8; }
  __device__ uint32_t Empty(int stage) const { return barriers + (kMaxTmaStages + stage) * 8; }
};

// Copies the tiles of one block of y.
template <typename Math, int kTileM, int kTileN, bool kPatches>
class TileCopier {
 public:
  static constexpr int kTileK = kTileRowChunks * kChunkElems<Math>;
  static constexpr uint32_t kStageBytes = (kTileM + kTileN) * kTileRowBytes;

  __device__ TileCopier(const GemmParams& p, const CUtensorMap* a_map, const CUtensorMap* w_map, int row,
                        int column)
      : p_(p), a_map_(a_map), w_map_(w_map), row_(row), column_(column) {
    if constexpr (kPatches) {
      const int x = row % p.patches.out_width, rest = row / p.patches.out_width;
      x_ = x * p.patches.stride - p.patches.pad;
      y_ = rest % p.patches.out_height * p.patches.stride - p.patches.pad;
      image_ = rest / p.patches.out_height;
    }
  }

  // Into the stage that begins there; its barrier is told of both.
  __device__ void CopyWeights(uint32_t stage, int k_tile, uint32_t full) const {
#ifdef SEGFORGE_WGMMA
    ArriveExpecting(full, kStageBytes);
    CopyRows(stage + kTileM * kTileRowBytes, w_map_, k_tile * kTileK, column_, full);
#endif
  }
  __device__ void CopyA(uint32_t stage, int k_tile, uint32_t full) const {
#ifdef SEGFORGE_WGMMA
    const int k = k_tile * kTileK;
    if constexpr (kPatches) {
      const int ky = Quotient(k, p_.inverse_row_elems), rest = k - ky * p_.patches.row_elems;
      const int kx = Quotient(rest, p_.inverse_channels);
      const int c = rest - kx * p_.patches.channels;
      CopyPatches(stage, a_map_, {c, x_, y_, image_, static_cast<uint16_t>(kx), static_cast<uint16_t>(ky)},
                  full);
    } else {
      CopyRows(stage, a_map_, k, row_, full);
    }
#endif
  }

 private:
  const GemmParams& p_;
  const CUtensorMap *a_map_, *w_map_;
  int row_, column_, x_ = 0, y_ = 0, image_ = 0;
};

// Keeps the stages filled until all of K is on its way. Called by one lane.
template <typename Copier>
__device__ inline void CopyTiles(const Copier& copier, const TmaStages& stages, int first_k, int k_tiles) {
#ifdef SEGFORGE_WGMMA
  for (int i = stages.count, stage = 0, parity = 0; i < k_tiles; ++i) {
    WaitBarrier(stages.Empty(stage), parity);
    copier.CopyWeights(stages.Tiles(stage), first_k + i, stages.Full(stage));
    copier.CopyA(stages.Tiles(stage), first_k + i, stages.Full(stage));
    if (++stage == stages.count) stage = 0, parity ^= 1;
  }
#endif
}

// A warp for the copies alone, the last one, never makes the others wait. But it costs the registers of four:
// with two warpgroups, it would leave no room for another block, and so a lane of the first warp copies
// besides its other work.
template <int kGroups>
constexpr bool kHasCopyWarp = kGroups == 1;
template <int kGroups>
constexpr int kTmaThreads = 128 * kGroups + (kHasCopyWarp<kGroups> ? 32 : 0);

// Tile kGroups * 64 x kTileN. Grid: (tiles, splits).
template <typename Math, int kGroups, int kTileN, bool kPatches>
__global__ void __launch_bounds__(kTmaThreads<kGroups>)
    TmaGemmKernel(const __grid_constant__ CUtensorMap a_map, const __grid_constant__ CUtensorMap w_map,
                  const TmaGemmParams params) {
#ifdef SEGFORGE_WGMMA
  using T = typename Math::Storage;
  using Copier = TileCopier<Math, 64 * kGroups, kTileN, kPatches>;
  constexpr int kTileM = 64 * kGroups, kCopyWarp = kHasCopyWarp<kGroups> ? 4 * kGroups : 0;
  const GemmParams& p = params.product;
  extern __shared__ __align__(1024) unsigned char shared[];
  __shared__ __align__(8) uint64_t barriers[2 * kMaxTmaStages];
  const TmaStages stages = {SharedAddress(shared), Copier::kStageBytes, SharedAddress(barriers),
                            params.stages};
  const int group = UniformOf(threadIdx.x / 128);
  const bool copies = UniformOf(threadIdx.x / 32) == kCopyWarp;
  const int tiles_n = (p.n + kTileN - 1) / kTileN;
  const int row0 = static_cast<int>(blockIdx.x) / tiles_n * kTileM;
  const int column0 = static_cast<int>(blockIdx.x) % tiles_n * kTileN;
  const int first_k = blockIdx.y * p.tiles_per_split;
  const int k_tiles = min(p.tiles_per_split, params.k_tiles - first_k);
  const Copier copier(p, &a_map, &w_map, row0, column0);

  if (copies && ElectLane()) {
    for (int i = 0; i < stages.count; ++i) {
      InitBarrier(stages.Full(i), 1);
      InitBarrier(stages.Empty(i), kGroups);
    }
    FenceBarriers();
    const int first = min(stages.count, k_tiles);
    // No kernel writes weights: they need not wait for the one before.
    for (int i = 0; i < first; ++i) copier.CopyWeights(stages.Tiles(i), first_k + i, stages.Full(i));
    WaitForInputs();
    for (int i = 0; i < first; ++i) copier.CopyA(stages.Tiles(i), first_k + i, stages.Full(i));
  }
  __syncthreads();
  if (kHasCopyWarp<kGroups> && copies) {
    if (ElectLane()) CopyTiles(copier, stages, first_k, k_tiles);
    return;
  }
  WaitForInputs();

  float sum[kTileN / 8][4];
  for (int i = 0, stage = 0, parity = 0, refill = 0, refill_parity = 0; i < k_tiles; ++i) {
    WaitBarrier(stages.Full(stage), parity);
    const uint32_t a_tile = stages.Tiles(stage) + group * 64 * kTileRowBytes;
    const uint32_t w_tile = stages.Tiles(stage) + kTileM * kTileRowBytes;
    WgmmaFence();
#pragma unroll
    for (int step = 0; step < kTileRowBytes / 32; ++step) {
      Wgmma<Math, kTileN, false>::Run(sum, MatrixDescriptor<128>(a_tile + step * 32),
                                      MatrixDescriptor<128>(w_tile + step * 32), i > 0 || step > 0);
    }
    WgmmaCommit();
    if constexpr (!kHasCopyWarp<kGroups>) {
      // The stage of two steps before: by now, the other warpgroup is likely to have left it too.
      const int next = i - 2 + stages.count;
      if (copies && i >= 2 && next < k_tiles && ElectLane()) {
        WaitBarrier(stages.Empty(refill), refill_parity);
        copier.CopyWeights(stages.Tiles(refill), first_k + next, stages.Full(refill));
        copier.CopyA(stages.Tiles(refill), first_k + next, stages.Full(refill));
      }
      if (i >= 2 && ++refill == stages.count) refill = 0, refill_parity ^= 1;
    }
    WgmmaWait<1>();
    // The step before is done: its tiles may be overwritten.
    if (i > 0 && threadIdx.x % 128 == 0) Arrive(stages.Empty(stage == 0 ? stages.count - 1 : stage - 1));
    if (++stage == stages.count) stage = 0, parity ^= 1;
  }
  WgmmaWait<0>();

  StoreSums<T, kTileN>(p, sum, row0 + group * 64, column0);
#endif
}

}  // namespace segforge::cuda
