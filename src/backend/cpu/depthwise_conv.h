// The 3 x 3 depthwise convolution, stride 1, padding 1, as a plain function.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/thread_pool.h"

namespace segforge {

// The sizes of a row; strides in elements. Strides of many kilobytes by powers of two make a pixel's
// neighbours compete for the same few sets of the cache, which costs a factor of three at 1024 channels:
// buffers of one's own should have PaddedStride(channels).
struct DepthwiseRowShape {
  size_t width;
  size_t channels;    // any number >= 1, of the width too
  size_t in_stride;   // from pixel to pixel
  size_t out_stride;  // from pixel to pixel
  size_t tap_stride;  // from one of the 9 weights of a channel to the next
};

// At least `channels`, a multiple of a cache line, an odd one.
constexpr size_t PaddedStride(size_t channels) { return (channels + 15) / 16 * 16 | 16; }

// y[n,h,w,c] = bias[c] + sum over ky, kx of x[n, h+ky-1, w+kx-1, c] * weights[ky,kx,c], then GELU if asked.
struct DepthwiseConvArgs {
  const float* x;  // [batch * height * width] pixels, shape.in_stride apart
  const float* weights;
  const float* bias;
  float* y;  // likewise, shape.out_stride apart; overlaps no input
  int64_t batch;
  int64_t height;
  DepthwiseRowShape shape;
  bool gelu;
};
void CpuDepthwiseConv(const DepthwiseConvArgs& args, ThreadPool& pool);

}  // namespace segforge
