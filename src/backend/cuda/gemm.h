// Matrix products on the GPU: y = activation(A W^T + b + residual), where the rows of A are rows of a matrix
// or patches of a map, gathered while they are loaded (no im2col in memory).
#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <string>
#include <vector>

#include "ir/activation.h"
#include "ir/precision.h"

namespace segforge::cuda {

// The patches of a map [N, height, width, channels], one for each output pixel. A kernel row is contiguous in
// memory, so that K = kernel height * row_elems; pixels outside the map are zeros. channels * size of a value
// is a multiple of 16 bytes, or no patch leaves the map and row_elems and stride * channels are.
struct Patches {
  int height = 0, width = 0, channels = 0;
  int out_height = 0, out_width = 0;
  int stride = 1, pad = 0;
  int row_elems = 0;  // kernel width * channels
};

struct GemmArgs {
  const void* a = nullptr;  // [m, k], rows contiguous; or the map that patches are taken from
  const Patches* patches = nullptr;
  const void* w = nullptr;         // as PackGemmWeights orders them
  const float* bias = nullptr;     // [n] or null
  const void* residual = nullptr;  // [m, n] or null; may be y
  void* y = nullptr;               // [m, n], rows contiguous
  bool y_is_float = false;         // y is f32 whatever the operands are
  Activation activation = Activation::kNone;
  int m = 0, n = 0, k = 0;   // k is a multiple of 16 bytes
  float* partial = nullptr;  // GemmScratchBytes of it; null when that is 0
};

// Rows of packed weights: n rounded up. Row 32 G + 8 j + 2 t + e holds output 32 G + 8 t + 2 j + e (j, t < 4,
// e < 2): the accumulators of a thread are then eight neighbours of a row, stored as one vector. Rows past n
// are zeros.
int PackedRows(int n);
int OutputOfPackedRow(int row);

enum class GemmWay : uint8_t {
  kMma,    // mma.sync: every GPU
  kWgmma,  // a Hopper's warpgroups (gemm_hopper.cuh)
  kTma,    // and its copy engine (gemm_tma.cuh)
};

// How a product is cut: a block computes a tile of y; with splits above 1, each of so many blocks sums a part
// of K, and the sums meet in scratch memory.
struct GemmTiling {
  GemmWay way = GemmWay::kMma;
  int tile_m = 0, tile_n = 0;
  int splits = 1;
};
std::string NameOf(const GemmTiling& tiling);  // "wgmma 128x64 split 2"

// What is likely the fastest, and all that may be, on the current device. Of the arguments, pointers to
// values play no role.
GemmTiling ChooseGemmTiling(Precision precision, const GemmArgs& args);
std::vector<GemmTiling> GemmTilings(Precision precision, const GemmArgs& args);

// At least that of the likely tiling, the same on every device; and of a given one.
int64_t GemmScratchBytes(int m, int n, int k, Precision precision);
int64_t GemmScratchBytes(int m, int n, const GemmTiling& tiling);

// With the likely tiling, and with a given one.
void LaunchGemm(Precision precision, const GemmArgs& args, cudaStream_t stream);
void LaunchGemm(Precision precision, const GemmArgs& args, const GemmTiling& tiling, cudaStream_t stream);

}  // namespace segforge::cuda
