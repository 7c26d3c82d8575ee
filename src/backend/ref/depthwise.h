// One element of a depthwise convolution of stride 1, shared by DepthwiseConv2d and MixFfn.
#pragma once

#include <cstdint>

namespace segforge::ref {

struct DepthwiseWindow {
  int64_t height, width, channels, kernel_height, kernel_width, pad;

  // sum_{i,j} image[v + i - pad, u + j - pad, c] * weights[i,j,c]; image [height, width, channels], weights
  // [kh, kw, channels]; pixels outside count as zero.
  template <typename T>
  double Sum(const T* image, const float* weights, int64_t v, int64_t u, int64_t c) const {
    double sum = 0;
    for (int64_t i = 0; i < kernel_height; ++i) {
      for (int64_t j = 0; j < kernel_width; ++j) {
        const int64_t row = v + i - pad;
        const int64_t column = u + j - pad;
        if (row < 0 || row >= height || column < 0 || column >= width) continue;
        sum += static_cast<double>(image[(row * width + column) * channels + c]) *
               static_cast<double>(weights[(i * kernel_width + j) * channels + c]);
      }
    }
    return sum;
  }
};

}  // namespace segforge::ref
