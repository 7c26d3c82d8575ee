// Descriptions of arrays in memory from which Hopper's copy engine (TMA) fills tiles of shared memory, as
// shared_memory.cuh lays them out: 128 bytes wide where nothing else is said.
#pragma once

#include <cuda.h>

#include <cstdint>

#include "backend/cuda/gemm.h"
#include "base/dtype.h"

namespace segforge::cuda {

// The driver makes them; it is asked once.
bool HasTensorMaps();

// Boxes of box_rows rows of a matrix [rows, columns] whose rows are multiples of 16 bytes; zeros beyond it.
void MapRows(DType dtype, const void* base, int64_t rows, int64_t columns, int box_rows, CUtensorMap* map);
// Boxes of box_rows rows and box_columns columns of one of n matrices that follow each other; zeros beyond
// that one. A box's row has 128 or 64 bytes.
struct MatrixBox {
  int rank = 3;  // 2: one matrix, for copies that name none
  int64_t n = 1, rows = 0, columns = 0;
  int box_rows = 0, box_columns = 0;
};
void MapMatrices(DType dtype, const void* base, const MatrixBox& box, CUtensorMap* map);
// Boxes of that many neighbouring patches of n images, one tap of each at a time; zeros outside an image.
// Kernels are square, the channels are a multiple of a tile's width, the stride at most kMaxPatchStride.
constexpr int kMaxPatchStride = 8;
void MapPatches(DType dtype, const void* base, const Patches& patches, int64_t n, int box_patches,
                CUtensorMap* map);

}  // namespace segforge::cuda
