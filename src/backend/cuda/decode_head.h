// The folded head from its largest stage on: y = w2 relu(w1 x + b1 + sum of the maps, each resized) + b2.
#pragma once

#include <cuda_runtime.h>

#include <span>

#include "backend/cuda/upsample.h"
#include "ir/precision.h"

namespace segforge::cuda {

struct DecodeHeadArgs {
  const void* x = nullptr;    // [n, height, width, channels]
  const void* w1 = nullptr;   // packed as a GEMM's, [hidden, channels]
  const float* b1 = nullptr;  // [hidden]
  const void* w2 = nullptr;   // [kHeadClasses, hidden], rows past classes zeros, columns by HeadColumn
  const float* b2 = nullptr;  // [classes]
  Map maps[kMaxMaps];         // of hidden channels
  int map_count = 0;
  float* y = nullptr;  // [n, height, width, classes]
  int n = 0, height = 0, width = 0, channels = 0, hidden = 0, classes = 0;
};

// The fused kernel takes up to so many classes, hidden widths that are a multiple of 64, and channels that
// fill whole chunks of 16 bytes, up to kHeadMaxRowBytes of them.
constexpr int kHeadClasses = 32;
constexpr int kHeadStep = 64;
constexpr int kHeadMaxRowBytes = 512;
bool FusesDecodeHead(Precision precision, int channels, int hidden, int classes);
// And maps that are smaller than the output, as those of a SegFormer are.
bool FusesDecodeHead(Precision precision, std::span<const Map> maps, int height, int width);

// Which of w2's columns stands at `place` of a packed row: the accumulators of the first product are the left
// operand of the second as they lie.
int HeadColumn(Precision precision, int place);

void LaunchDecodeHead(Precision precision, const DecodeHeadArgs& args, cudaStream_t stream);

}  // namespace segforge::cuda
