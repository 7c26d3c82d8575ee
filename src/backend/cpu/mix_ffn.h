// y = x + fc2(gelu(dwconv3x3(fc1(LayerNorm(x))))), without the two hidden maps in memory where that pays.
#pragma once

#include <cstddef>
#include <memory>

#include "backend/cpu/depthwise_conv.h"
#include "backend/cpu/gemm.h"
#include "base/tensor.h"

namespace segforge {

struct MixFfnWeights {
  std::shared_ptr<const Tensor> gamma, beta;  // [C]
  PackedWeights fc1, fc2;                     // C -> F, F -> C
  Tensor taps;                                // [9, hidden_stride()], of which F are used
  std::shared_ptr<const Tensor> taps_bias;    // [F]
  float eps = 0;

  int64_t hidden() const { return fc1.n; }
  // Hidden maps are ours alone, so their pixels lie where the convolution likes them.
  int64_t hidden_stride() const { return static_cast<int64_t>(PaddedStride(static_cast<size_t>(hidden()))); }
};

// [batch, height, width, channels]
struct MapShape {
  int64_t batch, height, width, channels;
  int64_t rows() const { return batch * height; }
};

size_t MixFfnScratchBytes(const MapShape& shape, const MixFfnWeights& weights, int threads);

// x and y [N,H,W,C] f32, not overlapping: a row's neighbours read x after that row of y is written.
void MixFfn(const MapShape& shape, const MixFfnWeights& weights, const float* x, float* y, std::byte* scratch,
            ThreadPool& pool);

}  // namespace segforge
