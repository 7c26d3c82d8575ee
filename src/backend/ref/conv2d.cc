// y[n,v,u,o] = b[o] + sum_{i,j,c} x[n, v*stride + i - pad, u*stride + j - pad, c] * w[o,i,j,c]
// x [N,H,W,Ci], w [Co,kh,kw,Ci]; pixels outside x count as zero.
#include "backend/ref/math.h"
#include "backend/ref/ops.h"

namespace segforge::ref {
namespace {

struct Window {
  const float* image;  // [height, width, channels]
  int64_t height, width, channels, kernel_height, kernel_width;

  // The products of one output channel's weights [kh, kw, channels] with the window at (top, left).
  double Sum(int64_t top, int64_t left, const float* weights) const {
    double sum = 0;
    for (int64_t i = 0; i < kernel_height; ++i) {
      for (int64_t j = 0; j < kernel_width; ++j) {
        const int64_t row = top + i;
        const int64_t column = left + j;
        if (row < 0 || row >= height || column < 0 || column >= width) continue;
        sum += Dot(image + (row * width + column) * channels, weights + (i * kernel_width + j) * channels,
                   channels);
      }
    }
    return sum;
  }
};

}  // namespace

void Conv2d(const Call& call) {
  const auto& attributes = call.as<Conv2dAttrs>();
  const Shape& in = call.shape(0);
  const Shape& kernel = call.shape(1);
  const Shape& out = call.output_shape();
  const float* bias = call.floats(2);
  const int64_t weights_elems = kernel[1] * kernel[2] * kernel[3];
  call.pool().ParallelFor(out[0] * out[1], 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t row = begin; row < end; ++row) {
      const float* image = call.floats(0) + row / out[1] * in[1] * in[2] * in[3];
      const Window window = {image, in[1], in[2], in[3], kernel[1], kernel[2]};
      const int64_t top = row % out[1] * attributes.stride - attributes.pad;
      for (int64_t u = 0; u < out[2]; ++u) {
        for (int64_t o = 0; o < out[3]; ++o) {
          const double sum =
              window.Sum(top, u * attributes.stride - attributes.pad, call.floats(1) + o * weights_elems);
          call.output()[(row * out[2] + u) * out[3] + o] =
              static_cast<float>(sum + static_cast<double>(bias[o]));
        }
      }
    }
  });
}

}  // namespace segforge::ref
