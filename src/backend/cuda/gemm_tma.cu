#include "backend/cuda/gemm_tma.h"

#include <algorithm>

#include "backend/cuda/dispatch.cuh"
#include "backend/cuda/gemm_params.cuh"
#include "backend/cuda/gemm_tma.cuh"
#include "backend/cuda/properties.h"
#include "backend/cuda/tensor_map.h"

namespace segforge::cuda {
namespace {

constexpr TmaTile kTiles[] = {{64, 64}, {64, 128}, {128, 64}, {64, 160}, {128, 128}, {128, 160}};

// What the stages of a multiprocessor may take.
constexpr int kSharedBytes = 224 * 1024;

constexpr int CeilDiv(int a, int b) { return (a + b - 1) / b; }

template <typename Math, int kGroups, int kTileN, bool kPatches>
void LaunchTile(const GemmArgs& args, int splits, cudaStream_t stream) {
  using T = typename Math::Storage;
  constexpr int kTileM = 64 * kGroups, kStageBytes = (kTileM + kTileN) * kTileRowBytes;
  const DType dtype = kDTypeOfStorage<T>;
  TmaGemmParams params = {};
  params.product = ParamsOf<T>(args, splits);
  params.k_tiles = CeilDiv(args.k * static_cast<int>(sizeof(T)), kTileRowBytes);
  const int tiles = CeilDiv(args.m, kTileM) * CeilDiv(args.n, kTileN);
  const int used_splits = CeilDiv(params.k_tiles, params.product.tiles_per_split);
  // A block that shares its multiprocessor with another gets half of the memory.
  const bool alone = tiles * used_splits <= Multiprocessors();
  params.stages = std::min({kMaxTmaStages, (alone ? kSharedBytes : kSharedBytes / 2) / kStageBytes,
                            params.product.tiles_per_split});

  CUtensorMap a_map = {}, w_map = {};
  if constexpr (kPatches) {
    const Patches& patches = *args.patches;
    MapPatches(dtype, args.a, patches, args.m / (patches.out_height * patches.out_width), kTileM, &a_map);
  } else {
    MapRows(dtype, args.a, args.m, args.k, kTileM, &a_map);
  }
  MapRows(dtype, args.w, PackedRows(args.n), args.k, kTileN, &w_map);
  const dim3 grid(static_cast<unsigned>(tiles), static_cast<unsigned>(used_splits));
  Launch(TmaGemmKernel<Math, kGroups, kTileN, kPatches>, grid, kTmaThreads<kGroups>,
         params.stages * kStageBytes, stream, a_map, w_map, params);
}

template <typename Math, int kGroups, bool kPatches>
void LaunchGroups(const GemmArgs& args, int columns, int splits, cudaStream_t stream) {
  if (columns == 64) return LaunchTile<Math, kGroups, 64, kPatches>(args, splits, stream);
  if (columns == 128) return LaunchTile<Math, kGroups, 128, kPatches>(args, splits, stream);
  LaunchTile<Math, kGroups, 160, kPatches>(args, splits, stream);
}

template <typename Math, bool kPatches>
void LaunchIn(const GemmArgs& args, TmaTile tile, int splits, cudaStream_t stream) {
  if (tile.m == 64) return LaunchGroups<Math, 1, kPatches>(args, tile.n, splits, stream);
  LaunchGroups<Math, 2, kPatches>(args, tile.n, splits, stream);
}

}  // namespace

std::span<const TmaTile> TmaTiles() { return kTiles; }

bool HasTmaGemm(Precision precision, const GemmArgs& args) {
  if (precision == Precision::kFp32 || !HasWarpgroups() || !HasTensorMaps()) return false;
  if (args.patches == nullptr) return true;
  const int columns = kTileRowBytes / static_cast<int>(SizeOf(StorageOf(precision)));
  const Patches& patches = *args.patches;
  const int kernel_width = patches.row_elems / patches.channels, kernel_height = args.k / patches.row_elems;
  return kernel_width * patches.channels == patches.row_elems && kernel_width == kernel_height &&
         patches.channels % columns == 0 && patches.stride <= kMaxPatchStride;
}

void LaunchTmaGemm(Precision precision, const GemmArgs& args, TmaTile tile, int splits, cudaStream_t stream) {
  WithMath(precision, [&]<typename Math>(Math) {
    if constexpr (!std::is_same_v<Math, Fp32>) {
      if (args.patches != nullptr) return LaunchIn<Math, true>(args, tile, splits, stream);
      LaunchIn<Math, false>(args, tile, splits, stream);
    }
  });
}

}  // namespace segforge::cuda
