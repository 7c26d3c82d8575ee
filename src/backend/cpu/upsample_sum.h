// Bilinear resizing of feature maps, alone or summed onto another map, row by row.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "backend/cpu/bilinear.h"
#include "base/thread_pool.h"
#include "ir/op.h"

namespace segforge {

// y = activation(base + sum of the sources, each resized to height x width)
struct UpsampleSumArgs {
  const float* base;                      // [N, height, width, C], may be y itself; null: zero
  std::span<const ResizeSource> sources;  // at most kMaxResizeSources
  float* y;                               // [N, height, width, C]
  int64_t batch;
  int64_t height;
  int64_t width;
  int64_t channels;
  Activation activation;
  std::byte* scratch;  // UpsampleSumScratchBytes(), 64-byte aligned
};

size_t UpsampleSumScratchBytes(std::span<const ResizeSource> sources, int64_t channels, int threads);
void CpuUpsampleSum(const UpsampleSumArgs& args, ThreadPool& pool);

}  // namespace segforge
