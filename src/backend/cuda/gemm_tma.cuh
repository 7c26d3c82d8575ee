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

// Tile kGroups * 64 x kTileN. Grid: (tiles, splits); the last warp of a block copies.
template <typename Math, int kGroups, int kTileN, bool kPatches>
__global__ void __launch_bounds__(128 * kGroups + 32)
    TmaGemmKernel(const __grid_constant__ CUtensorMap a_map, const __grid_constant__ CUtensorMap w_map,
                  const TmaGemmParams params) {
#ifdef SEGFORGE_WGMMA
  using T = typename Math::Storage;
  using Copier = TileCopier<Math, 64 * kGroups, kTileN, kPatches>;
  constexpr int kTileM = 64 * kGroups;
  const GemmParams& p = params.product;
  extern __shared__ __align__(1024) unsigned char shared[];
  __shared__ __align__(8) uint64_t barriers[2 * kMaxTmaStages];
  const uint32_t base = SharedAddress(shared), full = SharedAddress(barriers),
                 empty = full + kMaxTmaStages * 8;
  const int group = UniformOf(threadIdx.x / 128), lane = threadIdx.x % 32, stages = params.stages;
  const int tiles_n = (p.n + kTileN - 1) / kTileN;
  const int row0 = static_cast<int>(blockIdx.x) / tiles_n * kTileM;
  const int column0 = static_cast<int>(blockIdx.x) % tiles_n * kTileN;
  const int first_k = blockIdx.y * p.tiles_per_split;
  const int k_tiles = min(p.tiles_per_split, params.k_tiles - first_k);
  const auto stage_at = [&](int stage) { return base + stage * Copier::kStageBytes; };

  if (UniformOf(threadIdx.x / 32) == 0 && ElectLane()) {
    for (int i = 0; i < stages; ++i) {
      InitBarrier(full + i * 8, 1);
      InitBarrier(empty + i * 8, kGroups);
    }
    FenceBarriers();
  }
  __syncthreads();

  if (group == kGroups) {
    if (!ElectLane()) return;
    const Copier copier(p, &a_map, &w_map, row0, column0);
    const int first = min(stages, k_tiles);
    // No kernel writes weights: they need not wait for the one before.
    for (int i = 0; i < first; ++i) copier.CopyWeights(stage_at(i), first_k + i, full + i * 8);
    WaitForInputs();
    for (int i = 0; i < first; ++i) copier.CopyA(stage_at(i), first_k + i, full + i * 8);
    for (int i = first, stage = 0, parity = 0; i < k_tiles; ++i) {
      WaitBarrier(empty + stage * 8, parity);
      copier.CopyWeights(stage_at(stage), first_k + i, full + stage * 8);
      copier.CopyA(stage_at(stage), first_k + i, full + stage * 8);
      if (++stage == stages) stage = 0, parity ^= 1;
    }
    return;
  }

  WaitForInputs();
  float sum[kTileN / 8][4];
  for (int i = 0, stage = 0, parity = 0; i < k_tiles; ++i) {
    WaitBarrier(full + stage * 8, parity);
    const uint32_t a_tile = stage_at(stage) + group * 64 * kTileRowBytes;
    const uint32_t w_tile = stage_at(stage) + kTileM * kTileRowBytes;
    WgmmaFence();
#pragma unroll
    for (int step = 0; step < kTileRowBytes / 32; ++step) {
      Wgmma<Math, kTileN, false>::Run(sum, MatrixDescriptor<128>(a_tile + step * 32),
                                      MatrixDescriptor<128>(w_tile + step * 32), i > 0 || step > 0);
    }
    WgmmaCommit();
    WgmmaWait<1>();
    // The step before is done: its tiles may be overwritten.
    if (i > 0 && threadIdx.x % 128 == 0) Arrive(empty + (stage == 0 ? stages - 1 : stage - 1) * 8);
    if (++stage == stages) stage = 0, parity ^= 1;
  }
  WgmmaWait<0>();

  const int row_in_group = threadIdx.x / 32 % 4 * 16 + lane / 4;
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const int row = row0 + group * 64 + row_in_group + half * 8;
    if (row >= p.m) continue;
#pragma unroll
    for (int j = 0; j < kTileN / 8; j += 4) {
      float v[8];
#pragma unroll
      for (int e = 0; e < 8; ++e) v[e] = sum[j + e / 2][half * 2 + e % 2];
      const int column = column0 + j * 8 + lane % 4 * 8;
      if (column < p.n) Finish<T>(p, v, row, column);
    }
  }
#endif
}

}  // namespace segforge::cuda
