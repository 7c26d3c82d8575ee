// y[n,v,u,c] = activation(b[c] + sum_{i,j} x[n, v + i - pad, u + j - pad, c] * w[i,j,c])
// x and y [N,H,W,C], w [kh,kw,C].
#include "backend/ref/depthwise.h"
#include "backend/ref/math.h"
#include "backend/ref/ops.h"

namespace segforge::ref {
namespace {

void Run(const Call& call, Activation activation) {
  const Shape& in = call.shape(0);
  const Shape& out = call.output_shape();
  const Shape& kernel = call.shape(1);
  const DepthwiseWindow window = {in[1], in[2], in[3], kernel[0], kernel[1], call.as<Conv2dAttrs>().pad};
  const float* bias = call.floats(2);
  call.pool().ParallelFor(out[0] * out[1], 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t row = begin; row < end; ++row) {
      const float* image = call.floats(0) + row / out[1] * in[1] * in[2] * in[3];
      for (int64_t u = 0; u < out[2]; ++u) {
        for (int64_t c = 0; c < out[3]; ++c) {
          const double sum =
              window.Sum(image, call.floats(1), row % out[1], u, c) + static_cast<double>(bias[c]);
          call.output()[(row * out[2] + u) * out[3] + c] = static_cast<float>(Apply(activation, sum));
        }
      }
    }
  });
}

}  // namespace

void DepthwiseConv2d(const Call& call) { Run(call, Activation::kNone); }
void DepthwiseConvGelu(const Call& call) { Run(call, Activation::kGelu); }

}  // namespace segforge::ref
