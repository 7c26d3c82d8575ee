// What every kernel of a product is given, from what its caller says.
#pragma once

#include "backend/cuda/gemm.cuh"

namespace segforge::cuda {

// With more than one split, the sums go to args.partial.
template <typename T>
GemmParams ParamsOf(const GemmArgs& args, int splits) {
  GemmParams p = {};
  p.a = args.a, p.w = args.w, p.bias = args.bias, p.residual = args.residual, p.y = args.y;
  p.partial = splits > 1 ? args.partial : nullptr;
  p.m = args.m, p.n = args.n, p.k = args.k;
  const int k_tiles = (args.k * static_cast<int>(sizeof(T)) + kTileRowBytes - 1) / kTileRowBytes;
  p.tiles_per_split = (k_tiles + splits - 1) / splits;
  p.y_is_float = args.y_is_float;
  p.activation = args.activation;
  const bool whole_vectors = args.n % 8 == 0 && !(args.y_is_float && sizeof(T) != sizeof(float));
  p.is_plain = whole_vectors && p.partial == nullptr && args.activation != Activation::kGelu;
  if (args.patches != nullptr) {
    p.patches = *args.patches;
    p.inverse_row_elems = 1.0f / static_cast<float>(p.patches.row_elems);
    p.inverse_channels = 1.0f / static_cast<float>(p.patches.channels);
  }
  return p;
}

}  // namespace segforge::cuda
