// The feed-forward half of a block (Xie et al. 2021, "Mix-FFN") in one kernel:
//   y = x + w2 GELU(depthwise 3 x 3 (w1 LayerNorm(x) + b1) + bd) + b2
// for 16-bit maps of few channels, whose hidden maps would else cross the memory four times.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "ir/precision.h"

namespace segforge::cuda {

constexpr int kFfnTurn = 64;  // hidden channels that are made at a time

// What a turn needs besides w1 and w2, as words: the taps of each channel, in the half of the word where the
// channel has it (depthwise_tiles.cuh), [kFfnTurn][kFfnTapWords]; then b1 and bd as floats, [kFfnTurn] each.
constexpr int kFfnTapWords = 12;  // nine, to whole vectors
constexpr int kFfnBiases = kFfnTurn * kFfnTapWords;
constexpr int kFfnTurnWords = 1024;

struct MixFfnArgs {
  const void* x = nullptr;   // [n, height, width, channels]
  const void* w1 = nullptr;  // [hidden, FfnInputChannels(channels)], gamma in it; zeros past the channels
  const uint32_t* taps = nullptr;  // [hidden / kFfnTurn, kFfnTurnWords]; beta is in b1
  const void* w2 = nullptr;        // [PackedRows(channels), hidden], as products order it
  const float* b2 = nullptr;       // [channels]
  void* y = nullptr;               // as x, and not x
  int n = 0, height = 0, width = 0, channels = 0, hidden = 0;
  float eps = 0;
};

// Whether the current device has this kernel for such a node: 16-bit values, warpgroups, 32, 64 or 128
// channels.
bool FusesMixFfn(Precision precision, int64_t channels, int64_t hidden);
constexpr int FfnInputChannels(int channels) { return channels < 64 ? 64 : channels; }

void LaunchMixFfn(Precision precision, const MixFfnArgs& args, cudaStream_t stream);

}  // namespace segforge::cuda
