// From 8-bit pixels to a network's input, on the GPU.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "base/dtype.h"

namespace segforge::cuda {

// y[i,c] = (x[i,c] * rescale - mean[c]) / std[c], rounded as the CPU rounds it, then to the storage.
struct NormalizeArgs {
  const uint8_t* x = nullptr;  // [pixels, 3], 4-byte aligned
  void* y = nullptr;           // [pixels, 3], 16-byte aligned
  int64_t pixels = 0;
  float rescale = 1, mean[3] = {}, std[3] = {};
};
void LaunchNormalize(DType dtype, const NormalizeArgs& args, cudaStream_t stream);

}  // namespace segforge::cuda
