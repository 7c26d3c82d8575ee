// y = w2 . relu(w1 . x + b1 + sum of the maps, each resized to x's height and width) + b2
// x [N,H,W,Ci], w1 [D,Ci], w2 [K,D], maps [N,h,w,D]. What lies between stays in float64.
#include "backend/ref/math.h"
#include "backend/ref/ops.h"

namespace segforge::ref {
namespace {

constexpr size_t kFirstMap = 5;

// hidden [D] of pixel (v, u) of image n.
void Hidden(const Call& call, int64_t n, int64_t v, int64_t u, double* hidden) {
  const Shape& x = call.shape(0);
  const int64_t width = call.shape(1)[0];
  const float* pixel = call.floats(0) + ((n * x[1] + v) * x[2] + u) * x[3];
  for (int64_t d = 0; d < width; ++d) {
    hidden[d] = Dot(pixel, call.floats(1) + d * x[3], x[3]) + static_cast<double>(call.floats(2)[d]);
  }
  for (size_t input = kFirstMap; input < call.inputs(); ++input) {
    const Shape& shape = call.shape(input);
    const float* map = call.floats(input) + n * shape[1] * shape[2] * width;
    const Tap y_tap = TapAt(v, shape[1], x[1]), x_tap = TapAt(u, shape[2], x[2]);
    for (int64_t d = 0; d < width; ++d) hidden[d] += Interpolate(map, shape[2], width, y_tap, x_tap, d);
  }
  for (int64_t d = 0; d < width; ++d) hidden[d] = Apply(Activation::kRelu, hidden[d]);
}

}  // namespace

int64_t DecodeHeadScratch(std::span<const Shape> inputs, int threads) { return inputs[1][0] * threads; }

void DecodeHead(const Call& call) {
  const Shape& out = call.output_shape();
  const int64_t width = call.shape(1)[0];
  call.pool().ParallelFor(out[0] * out[1], 1, [&](int64_t begin, int64_t end, int thread) {
    double* hidden = call.scratch() + thread * width;
    for (int64_t pixel = begin * out[2]; pixel < end * out[2]; ++pixel) {
      Hidden(call, pixel / out[2] / out[1], pixel / out[2] % out[1], pixel % out[2], hidden);
      for (int64_t k = 0; k < out[3]; ++k) {
        const double sum = Dot(hidden, call.floats(3) + k * width, width);
        call.output()[pixel * out[3] + k] = static_cast<float>(sum + static_cast<double>(call.floats(4)[k]));
      }
    }
  });
}

}  // namespace segforge::ref
