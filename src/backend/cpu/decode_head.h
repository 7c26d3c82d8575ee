// y = w2 relu(w1 x + b1 + sum of maps, each resized to x's height and width) + b2, without the sum in memory:
// at a quarter of the image's sides and 256 or 768 channels it is the widest map of the network.
#pragma once

#include <span>

#include "backend/cpu/bilinear.h"
#include "backend/cpu/gemm.h"

namespace segforge {

struct DecodeHeadWeights {
  PackedWeights projection;  // Ci -> D, with b1
  PackedWeights classifier;  // D -> K, with b2
};

struct DecodeHeadArgs {
  const float* x;                      // [batch, height, width, Ci]
  std::span<const ResizeSource> maps;  // at most kMaxResizeSources, of D channels
  float* y;                            // [batch, height, width, K]
  int64_t batch, height, width;
  std::byte* scratch;  // DecodeHeadScratchBytes(), 64-byte aligned
};

size_t DecodeHeadScratchBytes(std::span<const ResizeSource> maps, const DecodeHeadWeights& weights,
                              int threads);
void DecodeHead(const DecodeHeadArgs& args, const DecodeHeadWeights& weights, ThreadPool& pool);

}  // namespace segforge
