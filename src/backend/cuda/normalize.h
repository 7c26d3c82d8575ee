// From 8-bit pixels to a network's input, on the GPU.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "base/dtype.h"

namespace segforge::cuda {

// y[i,j,c] = (x[i,j,c] * rescale - mean[c]) / std[c], rounded as the CPU rounds it, then to the storage.
struct NormalizeArgs {
  const uint8_t* x = nullptr;  // [height, width, 3], rows without padding
  void* y = nullptr;           // [height, width, 3]
  int64_t pixels = 0;
  float rescale = 1, mean[3] = {}, std[3] = {};
};
void LaunchNormalize(DType dtype, const NormalizeArgs& args, cudaStream_t stream);

}  // namespace segforge::cuda
