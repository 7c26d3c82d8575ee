// Bilinear upsampling on the GPU, with half-pixel centres (torch's align_corners = false), and what follows
// it.
#pragma once

#include <cuda_runtime.h>

#include "base/dtype.h"
#include "ir/activation.h"

namespace segforge::cuda {

constexpr int kMaxMaps = 8;

struct Map {
  const void* data = nullptr;  // [n, height, width, channels]
  int height = 0, width = 0;
};

// y = activation(x + sum of the maps, each resized to height x width)
struct UpsampleSumArgs {
  const void* x = nullptr;  // [n, height, width, channels], or null: zeros
  Map maps[kMaxMaps];
  int map_count = 0;
  void* y = nullptr;  // as x; may be x
  int n = 0, height = 0, width = 0, channels = 0;
  Activation activation = Activation::kNone;
};
void LaunchUpsampleSum(DType dtype, const UpsampleSumArgs& args, cudaStream_t stream);

// labels[v,u] = argmax_c of the logits interpolated at (v,u), the lowest class at a tie; confidence[v,u] its
// softmax probability. top_labels[i,v,u] is the class with the i-th greatest, and top_probabilities[i,v,u]
// its probability, both null where top is 0. The others may be null too. One image of the batch follows
// another in each array.
struct UpsampleArgmaxArgs {
  const float* logits = nullptr;  // [n, height, width, classes]
  int n = 0, height = 0, width = 0, classes = 0;
  int out_height = 0, out_width = 0;
  void* labels = nullptr;              // [n, out_height, out_width] u8 or u16
  bool wide_labels = false;            // u16
  float* confidence = nullptr;         // [n, out_height, out_width]
  int top = 0;                         // at most classes
  uint16_t* top_labels = nullptr;      // [n, top, out_height, out_width]
  float* top_probabilities = nullptr;  // likewise
};
void LaunchUpsampleArgmax(const UpsampleArgmaxArgs& args, cudaStream_t stream);

}  // namespace segforge::cuda
