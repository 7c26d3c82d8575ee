// The weights of a MixFfn in the order in which its kernel reads them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ir/precision.h"

namespace segforge::cuda {

// As the op MixFfn has them.
struct MixFfnTensors {
  std::span<const float> gamma, beta;  // [channels]
  std::span<const float> w1, b1;       // [hidden, channels], [hidden]
  std::span<const float> wd, bd;       // [3, 3, hidden], [hidden]
  std::span<const float> w2;           // [channels, hidden]
};

// What MixFfnArgs points to; w1 and w2 still as floats. LayerNorm's gamma is in w1, its beta in b1.
struct PackedMixFfn {
  std::vector<float> w1;
  std::vector<uint32_t> taps;
  std::vector<float> w2;
};
PackedMixFfn PackMixFfn(const MixFfnTensors& from, Precision precision);

}  // namespace segforge::cuda
