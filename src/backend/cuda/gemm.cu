#include "backend/cuda/gemm.h"

#include <algorithm>
#include <limits>

#include "backend/cuda/dispatch.cuh"
#include "backend/cuda/gemm_hopper.cuh"
#include "backend/cuda/gemm_params.cuh"
#include "backend/cuda/gemm_tma.h"
#include "backend/cuda/launch.cuh"
#include "backend/cuda/properties.h"

namespace segforge::cuda {
namespace {

// Blocks that keep a large GPU busy; a count for the launcher's choices alone, right or wrong results do not
// hang on it.
constexpr int kEnoughBlocks = 160;
constexpr int kMaxSplits = 32;

constexpr __host__ __device__ int CeilDiv(int a, int b) { return (a + b - 1) / b; }

struct Tile {
  int m, n;
};
constexpr Tile kLarge = {128, 128}, kMiddle = {128, 64}, kSmall = {64, 64}, kNarrow = {128, 32};
constexpr Tile kTiles[] = {kLarge, kMiddle, kSmall, kNarrow};

int64_t Blocks(Tile tile, int m, int n) { return int64_t{CeilDiv(m, tile.m)} * CeilDiv(n, tile.n); }

Tile ChooseTile(int m, int n) {
  if (n <= 32) return kNarrow;
  if (n > 64 && Blocks(kLarge, m, n) >= kEnoughBlocks) return kLarge;
  return Blocks(kMiddle, m, n) >= kEnoughBlocks ? kMiddle : kSmall;
}

Tile ChooseHopperTile(int m, int n, int splits) {
  const auto fills = [&](Tile tile) { return Blocks(tile, m, n) * splits >= Multiprocessors(); };
  if (n <= 32) return kNarrow;
  if (n > 64 && fills(kLarge)) return kLarge;
  return fills(kMiddle) ? kMiddle : kSmall;
}

int KTiles(int k, Precision precision) {
  return CeilDiv(k * static_cast<int>(SizeOf(StorageOf(precision))), kTileRowBytes);
}

// At least four tiles of K a split: below that the sums cost more than they save.
int ChooseSplits(int m, int n, int k, Precision precision) {
  const int64_t blocks = Blocks(ChooseTile(m, n), m, n);
  const int most = std::min(kMaxSplits, KTiles(k, precision) / 4);
  return std::clamp(static_cast<int>(kEnoughBlocks / blocks), 1, std::max(most, 1));
}

template <typename Math, int kTileM, int kTileN, int kWarpsM, int kWarpsN, bool kPatches>
void LaunchTile(const GemmParams& p, int splits, int k_tiles, cudaStream_t stream) {
  const auto kernel = GemmKernel<Math, kTileM, kTileN, kWarpsM, kWarpsN, kPatches>;
  const int stages = std::min(kGemmStages, k_tiles);
  const int shared_bytes = stages * (kTileM + kTileN) * kTileRowBytes;
  const dim3 grid(CeilDiv(p.n, kTileN) * CeilDiv(p.m, kTileM), splits);
  Launch(kernel, grid, 32 * kWarpsM * kWarpsN, shared_bytes, stream, p);
}

template <typename Math, bool kPatches>
void LaunchFor(const GemmTiling& tiling, const GemmParams& p, int splits, int k_tiles, cudaStream_t stream) {
  if (tiling.tile_m == kSmall.m) return LaunchTile<Math, 64, 64, 2, 2, kPatches>(p, splits, k_tiles, stream);
  if (tiling.tile_n == kNarrow.n)
    return LaunchTile<Math, 128, 32, 4, 1, kPatches>(p, splits, k_tiles, stream);
  if (tiling.tile_n == kMiddle.n)
    return LaunchTile<Math, 128, 64, 4, 1, kPatches>(p, splits, k_tiles, stream);
  LaunchTile<Math, 128, 128, 4, 2, kPatches>(p, splits, k_tiles, stream);
}

// Warpgroups multiply halves, and floats as TF32; float32 proper needs its operands in registers, to split
// them.
template <typename Math>
constexpr bool kHasWarpgroups = !std::is_same_v<Math, Fp32>;
bool UsesWarpgroups(Precision precision) { return precision != Precision::kFp32 && HasWarpgroups(); }

template <typename Math, int kGroups, int kTileN, bool kPatches>
void LaunchHopperTile(const GemmParams& p, int splits, cudaStream_t stream) {
  const auto kernel = HopperGemmKernel<Math, kGroups, kTileN, kPatches>;
  constexpr int kSharedBytes = kHopperStages<kGroups, kTileN> * (64 * kGroups + kTileN) * kTileRowBytes;
  constexpr int kBlocksPerProcessor = kHopperSharedBytes / kSharedBytes;
  const int tiles = CeilDiv(p.n, kTileN) * CeilDiv(p.m, 64 * kGroups);
  const dim3 grid(std::min(tiles, CeilDiv(Multiprocessors() * kBlocksPerProcessor, splits)), splits);
  Launch(kernel, grid, 128 * kGroups, kSharedBytes, stream, p);
}

template <typename Math, bool kPatches>
void LaunchHopper(const GemmTiling& tiling, const GemmParams& p, int splits, cudaStream_t stream) {
  if (tiling.tile_m == kSmall.m) return LaunchHopperTile<Math, 1, 64, kPatches>(p, splits, stream);
  if (tiling.tile_n == kNarrow.n) return LaunchHopperTile<Math, 2, 32, kPatches>(p, splits, stream);
  if (tiling.tile_n == kMiddle.n) return LaunchHopperTile<Math, 2, 64, kPatches>(p, splits, stream);
  LaunchHopperTile<Math, 2, 128, kPatches>(p, splits, stream);
}

template <typename Math, bool kPatches>
void LaunchProduct(const GemmTiling& tiling, const GemmParams& p, int splits, int k_tiles,
                   cudaStream_t stream) {
  if constexpr (kHasWarpgroups<Math>) {
    if (tiling.way == GemmWay::kWgmma) return LaunchHopper<Math, kPatches>(tiling, p, splits, stream);
  }
  LaunchFor<Math, kPatches>(tiling, p, splits, k_tiles, stream);
}

// y = activation(sum of the partial products + b + residual), eight neighbours a thread.
template <typename T>
__global__ void SumPartialKernel(const GemmParams p, int splits) {
  WaitForInputs();
  const int groups = CeilDiv(p.n, 8);
  const int64_t at = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  const int row = static_cast<int>(at / groups), column = static_cast<int>(at % groups) * 8;
  if (row >= p.m) return;
  const int64_t split_elems = static_cast<int64_t>(p.m) * p.n;
  const float* from = p.partial + static_cast<int64_t>(row) * p.n + column;
  float v[8] = {};
  if (p.n % 8 == 0) {
#pragma unroll 4
    for (int split = 0; split < splits; ++split) {
      const float4 a = *reinterpret_cast<const float4*>(from + split * split_elems);
      const float4 b = *reinterpret_cast<const float4*>(from + split * split_elems + 4);
      v[0] += a.x, v[1] += a.y, v[2] += a.z, v[3] += a.w;
      v[4] += b.x, v[5] += b.y, v[6] += b.z, v[7] += b.w;
    }
  } else {
    for (int split = 0; split < splits; ++split) {
#pragma unroll
      for (int i = 0; i < 8; ++i) v[i] += column + i < p.n ? from[split * split_elems + i] : 0.0f;
    }
  }
  GemmParams finish = p;
  finish.partial = nullptr;
  finish.is_plain = p.n % 8 == 0 && !p.y_is_float && p.activation != Activation::kGelu;
  Finish<T>(finish, v, row, column);
}

template <typename Math>
void LaunchIn(const GemmArgs& args, const GemmTiling& tiling, Precision precision, cudaStream_t stream) {
  const int k_tiles = KTiles(args.k, precision);
  const int splits = args.partial == nullptr ? 1 : tiling.splits;
  const GemmParams p = ParamsOf<typename Math::Storage>(args, splits);
  const int used_splits = CeilDiv(k_tiles, p.tiles_per_split);
  if (tiling.way == GemmWay::kTma) {
    LaunchTmaGemm(precision, args, {tiling.tile_m, tiling.tile_n}, splits, stream);
  } else if (args.patches != nullptr) {
    LaunchProduct<Math, true>(tiling, p, used_splits, k_tiles, stream);
  } else {
    LaunchProduct<Math, false>(tiling, p, used_splits, k_tiles, stream);
  }
  if (p.partial == nullptr) return;
  constexpr int kThreads = 64;  // few rows: spread over all multiprocessors
  const int64_t groups = int64_t{args.m} * CeilDiv(args.n, 8);
  const auto blocks = static_cast<unsigned>((groups + kThreads - 1) / kThreads);
  Launch(SumPartialKernel<typename Math::Storage>, blocks, kThreads, 0, stream, p, used_splits);
}

// From so many tiles of K on, the copy engine is the faster way.
constexpr int kManyTmaTiles = 5;

// Tiles are loaded more slowly than they are multiplied: what counts is how many rows of tiles the busiest
// multiprocessor loads. One block alone there stores while nobody loads: measured, a value of y is then as
// long as 0.075 of such rows. A long K with few blocks is split, within `most` splits.
GemmTiling ChooseTmaTiling(int m, int n, int k_tiles, int most) {
  GemmTiling best;
  double least = std::numeric_limits<double>::max();
  for (const TmaTile tile : TmaTiles()) {
    const auto tiles = static_cast<int>(Blocks({tile.m, tile.n}, m, n));
    const int splits = std::clamp(std::min(Multiprocessors() / tiles, k_tiles / 16), 1, most);
    const int blocks = CeilDiv(tiles * splits, Multiprocessors());
    const double cost =
        blocks * (tile.m + tile.n) * CeilDiv(k_tiles, splits) + (blocks == 1 ? 0.075 * tile.m * tile.n : 0.0);
    if (cost >= least) continue;
    least = cost;
    best = {GemmWay::kTma, tile.m, tile.n, splits};
  }
  return best;
}

// Tiles that are half empty for their width are left out, and splits into parts of less than two tiles of K
// or into far more blocks than the device runs at once.
void AddTilings(GemmWay way, Tile tile, const GemmArgs& args, Precision precision,
                std::vector<GemmTiling>& to) {
  const int64_t enough = int64_t{4} * Multiprocessors();
  if (tile.n > 32 && tile.n >= 2 * args.n) return;
  for (int splits = 1; splits <= kMaxSplits; splits *= 2) {
    const bool useful =
        2 * splits <= KTiles(args.k, precision) && Blocks(tile, args.m, args.n) * splits <= enough;
    if (splits == 1 || useful) to.push_back({way, tile.m, tile.n, splits});
  }
}

}  // namespace

int PackedRows(int n) { return CeilDiv(n, 32) * 32; }

int OutputOfPackedRow(int row) {
  const int j = row / 8 % 4, t = row / 2 % 4, e = row % 2;
  return row / 32 * 32 + 8 * t + 2 * j + e;
}

std::string NameOf(const GemmTiling& tiling) {
  static constexpr const char* kWays[] = {"mma", "wgmma", "tma"};
  std::string name = kWays[static_cast<size_t>(tiling.way)];
  name.append(" ").append(std::to_string(tiling.tile_m)).append("x").append(std::to_string(tiling.tile_n));
  if (tiling.splits > 1) name.append(" split ").append(std::to_string(tiling.splits));
  return name;
}

GemmTiling ChooseGemmTiling(Precision precision, const GemmArgs& args) {
  const int splits = ChooseSplits(args.m, args.n, args.k, precision);
  if (KTiles(args.k, precision) >= kManyTmaTiles && HasTmaGemm(precision, args)) {
    return ChooseTmaTiling(args.m, args.n, KTiles(args.k, precision), splits);
  }
  const bool warpgroups = UsesWarpgroups(precision);
  const Tile tile = warpgroups ? ChooseHopperTile(args.m, args.n, splits) : ChooseTile(args.m, args.n);
  return {warpgroups ? GemmWay::kWgmma : GemmWay::kMma, tile.m, tile.n, splits};
}

std::vector<GemmTiling> GemmTilings(Precision precision, const GemmArgs& args) {
  std::vector<GemmTiling> tilings;
  const auto add = [&](GemmWay way, Tile tile) { AddTilings(way, tile, args, precision, tilings); };
  for (const Tile tile : kTiles) add(GemmWay::kMma, tile);
  for (const Tile tile : kTiles) {
    if (UsesWarpgroups(precision)) add(GemmWay::kWgmma, tile);
  }
  for (const TmaTile tile : TmaTiles()) {
    if (HasTmaGemm(precision, args)) add(GemmWay::kTma, {tile.m, tile.n});
  }
  return tilings;
}

int64_t GemmScratchBytes(int m, int n, const GemmTiling& tiling) {
  return tiling.splits == 1 ? 0 : int64_t{tiling.splits} * m * n * static_cast<int64_t>(sizeof(float));
}

int64_t GemmScratchBytes(int m, int n, int k, Precision precision) {
  return GemmScratchBytes(m, n, {.splits = ChooseSplits(m, n, k, precision)});
}

void LaunchGemm(Precision precision, const GemmArgs& args, const GemmTiling& tiling, cudaStream_t stream) {
  WithMath(precision, [&]<typename Math>(Math) { LaunchIn<Math>(args, tiling, precision, stream); });
}

void LaunchGemm(Precision precision, const GemmArgs& args, cudaStream_t stream) {
  LaunchGemm(precision, args, ChooseGemmTiling(precision, args), stream);
}

}  // namespace segforge::cuda
