#include "backend/cuda/gemm.h"

#include <algorithm>

#include "backend/cuda/dispatch.cuh"
#include "backend/cuda/gemm_hopper.cuh"
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
    if (tiling.warpgroups) return LaunchHopper<Math, kPatches>(tiling, p, splits, stream);
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
  float v[8] = {};
  for (int split = 0; split < splits; ++split) {
    const float* from = p.partial + (static_cast<int64_t>(split) * p.m + row) * p.n + column;
#pragma unroll
    for (int i = 0; i < 8; ++i) v[i] += column + i < p.n ? from[i] : 0.0f;
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
  GemmParams p = {};
  p.a = args.a, p.w = args.w, p.bias = args.bias, p.residual = args.residual, p.y = args.y;
  p.partial = splits > 1 ? args.partial : nullptr;
  p.m = args.m, p.n = args.n, p.k = args.k;
  p.tiles_per_split = CeilDiv(k_tiles, splits);
  p.y_is_float = args.y_is_float;
  p.activation = args.activation;
  const bool whole_vectors =
      args.n % 8 == 0 && !(args.y_is_float && sizeof(typename Math::Storage) != sizeof(float));
  p.is_plain = whole_vectors && p.partial == nullptr && args.activation != Activation::kGelu;
  if (args.patches != nullptr) {
    p.patches = *args.patches;
    p.inverse_row_elems = 1.0f / static_cast<float>(p.patches.row_elems);
    p.inverse_channels = 1.0f / static_cast<float>(p.patches.channels);
  }
  const int used_splits = CeilDiv(k_tiles, p.tiles_per_split);
  if (args.patches != nullptr) {
    LaunchProduct<Math, true>(tiling, p, used_splits, k_tiles, stream);
  } else {
    LaunchProduct<Math, false>(tiling, p, used_splits, k_tiles, stream);
  }
  if (p.partial == nullptr) return;
  constexpr int kThreads = 128;
  const int64_t groups = int64_t{args.m} * CeilDiv(args.n, 8);
  const auto blocks = static_cast<unsigned>((groups + kThreads - 1) / kThreads);
  Launch(SumPartialKernel<typename Math::Storage>, blocks, kThreads, 0, stream, p, used_splits);
}

}  // namespace

int PackedRows(int n) { return CeilDiv(n, 32) * 32; }

int OutputOfPackedRow(int row) {
  const int j = row / 8 % 4, t = row / 2 % 4, e = row % 2;
  return row / 32 * 32 + 8 * t + 2 * j + e;
}

std::string NameOf(const GemmTiling& tiling) {
  std::string name = tiling.warpgroups ? "wgmma " : "mma ";
  name += std::to_string(tiling.tile_m) + "x" + std::to_string(tiling.tile_n);
  if (tiling.splits > 1) name += " split " + std::to_string(tiling.splits);
  return name;
}

GemmTiling ChooseGemmTiling(int m, int n, int k, Precision precision) {
  const int splits = ChooseSplits(m, n, k, precision);
  const bool warpgroups = UsesWarpgroups(precision);
  const Tile tile = warpgroups ? ChooseHopperTile(m, n, splits) : ChooseTile(m, n);
  return {warpgroups, tile.m, tile.n, splits};
}

// Tiles that are half empty for their width are left out, and splits into parts of less than two tiles of K
// or into far more blocks than the device runs at once.
std::vector<GemmTiling> GemmTilings(int m, int n, int k, Precision precision) {
  const int64_t enough = int64_t{4} * Multiprocessors();
  std::vector<GemmTiling> tilings;
  for (const bool warpgroups : {false, true}) {
    if (warpgroups && !UsesWarpgroups(precision)) continue;
    for (const Tile tile : kTiles) {
      if (tile.n > 32 && tile.n >= 2 * n) continue;
      for (int splits = 1; splits <= kMaxSplits; splits *= 2) {
        const bool useful = 2 * splits <= KTiles(k, precision) && Blocks(tile, m, n) * splits <= enough;
        if (splits == 1 || useful) tilings.push_back({warpgroups, tile.m, tile.n, splits});
      }
    }
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
  LaunchGemm(precision, args, ChooseGemmTiling(args.m, args.n, args.k, precision), stream);
}

}  // namespace segforge::cuda
