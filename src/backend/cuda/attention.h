// softmax(scale q k^T) v of each head on the GPU.
#pragma once

#include <cuda_runtime.h>

#include "ir/precision.h"

namespace segforge::cuda {

struct AttentionArgs {
  const void* q = nullptr;   // [n, queries, heads * width]
  const void* kv = nullptr;  // [n, keys, 2 * heads * width]: keys, then values
  void* y = nullptr;         // as q
  int n = 0, queries = 0, keys = 0, heads = 0, width = 0;
  float scale = 1;
};

void LaunchAttention(Precision precision, const AttentionArgs& args, cudaStream_t stream);

}  // namespace segforge::cuda
