// Depthwise 3 x 3 convolution with bias, then GELU where wanted, on the GPU.
#pragma once

#include <cuda_runtime.h>

#include "base/dtype.h"

namespace segforge::cuda {

// y[n,i,j,c] = gelu(b[c] + sum over the 3 x 3 neighbours, zeros around the map, of x * w[., ., c])
struct DepthwiseConvArgs {
  const void* x = nullptr;      // [n, height, width, channels]
  const float* w = nullptr;     // [3, 3, channels]
  const float* bias = nullptr;  // [channels]
  void* y = nullptr;            // as x, not x
  int n = 0, height = 0, width = 0, channels = 0;
  bool gelu = false;
};

void LaunchDepthwiseConv(DType dtype, const DepthwiseConvArgs& args, cudaStream_t stream);

}  // namespace segforge::cuda
