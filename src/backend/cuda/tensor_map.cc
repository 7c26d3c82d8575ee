#include "backend/cuda/tensor_map.h"

#include <cudaTypedefs.h>
#include <cuda_runtime_api.h>

#include "base/check.h"

namespace segforge::cuda {
namespace {

constexpr int kBoxBytes = 128;

// The driver is not linked: a machine without a GPU may lack it.
template <typename Function>
Function DriverFunction(const char* name) {
  void* function = nullptr;
  cudaDriverEntryPointQueryResult found;
#if CUDART_VERSION >= 12050
  const cudaError_t error =
      cudaGetDriverEntryPointByVersion(name, &function, 12000, cudaEnableDefault, &found);
#else
  const cudaError_t error = cudaGetDriverEntryPoint(name, &function, cudaEnableDefault, &found);
#endif
  return error == cudaSuccess && found == cudaDriverEntryPointSuccess ? reinterpret_cast<Function>(function)
                                                                      : nullptr;
}

auto EncodeTiled() {
  static const auto encode = DriverFunction<PFN_cuTensorMapEncodeTiled_v12000>("cuTensorMapEncodeTiled");
  return encode;
}
auto EncodePatches() {
  static const auto encode = DriverFunction<PFN_cuTensorMapEncodeIm2col_v12000>("cuTensorMapEncodeIm2col");
  return encode;
}

CUtensorMapDataType TypeOf(DType dtype) {
  if (dtype == DType::kF16) return CU_TENSOR_MAP_DATA_TYPE_FLOAT16;
  return dtype == DType::kBF16 ? CU_TENSOR_MAP_DATA_TYPE_BFLOAT16 : CU_TENSOR_MAP_DATA_TYPE_FLOAT32;
}

}  // namespace

bool HasTensorMaps() { return EncodeTiled() != nullptr && EncodePatches() != nullptr; }

void MapRows(DType dtype, const void* base, int64_t rows, int64_t columns, int box_rows, CUtensorMap* map) {
  MatrixBox box;
  box.rank = 2, box.rows = rows, box.columns = columns;
  box.box_rows = box_rows, box.box_columns = kBoxBytes / static_cast<int>(SizeOf(dtype));
  MapMatrices(dtype, base, box, map);
}

void MapMatrices(DType dtype, const void* base, const MatrixBox& box, CUtensorMap* map) {
  const auto size = static_cast<uint64_t>(SizeOf(dtype));
  const uint64_t sides[] = {static_cast<uint64_t>(box.columns), static_cast<uint64_t>(box.rows),
                            static_cast<uint64_t>(box.n)};
  const uint64_t strides[] = {sides[0] * size, sides[0] * sides[1] * size};
  const uint32_t box_sides[] = {static_cast<uint32_t>(box.box_columns), static_cast<uint32_t>(box.box_rows),
                                1};
  const uint32_t steps[] = {1, 1, 1};
  const bool wide = static_cast<int>(size) * box.box_columns == kBoxBytes;
  const CUresult made = EncodeTiled()(
      map, TypeOf(dtype), static_cast<uint32_t>(box.rank), const_cast<void*>(base), sides, strides, box_sides,
      steps, CU_TENSOR_MAP_INTERLEAVE_NONE, wide ? CU_TENSOR_MAP_SWIZZLE_128B : CU_TENSOR_MAP_SWIZZLE_64B,
      CU_TENSOR_MAP_L2_PROMOTION_L2_128B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
  SEGFORGE_CHECK(made == CUDA_SUCCESS);
}

void MapPatches(DType dtype, const void* base, const Patches& patches, int64_t n, int box_patches,
                CUtensorMap* map) {
  const auto size = static_cast<uint64_t>(SizeOf(dtype));
  const uint64_t sides[] = {static_cast<uint64_t>(patches.channels), static_cast<uint64_t>(patches.width),
                            static_cast<uint64_t>(patches.height), static_cast<uint64_t>(n)};
  const uint64_t strides[] = {sides[0] * size, sides[0] * sides[1] * size,
                              sides[0] * sides[1] * sides[2] * size};
  const int kernel = patches.row_elems / patches.channels;
  const int lower[] = {-patches.pad, -patches.pad};
  const int upper[] = {patches.pad - (kernel - 1), patches.pad - (kernel - 1)};
  const auto step = static_cast<uint32_t>(patches.stride);
  const uint32_t steps[] = {1, step, step, 1};
  const CUresult made =
      EncodePatches()(map, TypeOf(dtype), 4, const_cast<void*>(base), sides, strides, lower, upper,
                      static_cast<uint32_t>(kBoxBytes / size), static_cast<uint32_t>(box_patches), steps,
                      CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_128B,
                      CU_TENSOR_MAP_L2_PROMOTION_L2_128B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
  SEGFORGE_CHECK(made == CUDA_SUCCESS);
}

}  // namespace segforge::cuda
