// What convolutions need beside the matrix product over their patches.
#pragma once

#include <cuda_runtime.h>

#include "base/dtype.h"
#include "ir/activation.h"

namespace segforge::cuda {

// x [n, height, width, channels] into a map with `pad` zeros above and to the left, at least as many below
// and to the right, and kPaddedChannels channels: y [n, padded_height, padded_width, kPaddedChannels].
constexpr int kPaddedChannels = 4;
struct PadMapArgs {
  const void* x = nullptr;
  void* y = nullptr;
  int n = 0, height = 0, width = 0, channels = 0;  // channels <= kPaddedChannels
  int padded_height = 0, padded_width = 0, pad = 0;
};
void LaunchPadMap(DType dtype, const PadMapArgs& args, cudaStream_t stream);

// Any shape, a thread an output: for what no tile fits. w [out_channels, kernel_h, kernel_w, channels], f32.
struct PlainConvArgs {
  const void* x = nullptr;
  const float* w = nullptr;
  const float* bias = nullptr;     // or null
  const void* residual = nullptr;  // as y, or null; may be y
  void* y = nullptr;
  bool y_is_float = false;
  Activation activation = Activation::kNone;
  int n = 0, height = 0, width = 0, channels = 0;
  int out_height = 0, out_width = 0, out_channels = 0;
  int kernel_h = 1, kernel_w = 1, stride = 1, pad = 0;
};
void LaunchPlainConv(DType dtype, const PlainConvArgs& args, cudaStream_t stream);

}  // namespace segforge::cuda
