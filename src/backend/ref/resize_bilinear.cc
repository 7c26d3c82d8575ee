// ResizeBilinear: y[n,v,u,c] = x[n, ., ., c] at the centre of pixel (v, u), see TapAt.
// UpsampleSum: y = activation(x0 + sum of the other inputs, each resized to x0's height and width); y may be
// x0's memory.
#include "backend/ref/math.h"
#include "backend/ref/ops.h"

namespace segforge::ref {
namespace {

// Element (n, v, u, c) of an input [N,h,w,C] as if it had been resized to height x width.
double Resized(const Call& call, size_t input, int64_t n, const Tap& y, const Tap& x, int64_t c) {
  const Shape& shape = call.shape(input);
  const float* map = call.floats(input) + n * shape[1] * shape[2] * shape[3];
  return Interpolate(map, shape[2], shape[3], y, x, c);
}

// y = activation(sum of inputs, those from `first_resized` on resized to the output).
void Run(const Call& call, size_t first_resized, Activation activation) {
  const Shape& out = call.output_shape();
  call.pool().ParallelFor(out[0] * out[1], 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t row = begin; row < end; ++row) {
      for (int64_t i = 0; i < out[2] * out[3]; ++i) {
        double sum = first_resized == 1 ? static_cast<double>(call.floats(0)[row * out[2] * out[3] + i]) : 0;
        for (size_t input = first_resized; input < call.inputs(); ++input) {
          const Tap y = TapAt(row % out[1], call.shape(input)[1], out[1]);
          const Tap x = TapAt(i / out[3], call.shape(input)[2], out[2]);
          sum += Resized(call, input, row / out[1], y, x, i % out[3]);
        }
        call.output()[row * out[2] * out[3] + i] = static_cast<float>(Apply(activation, sum));
      }
    }
  });
}

}  // namespace

void ResizeBilinear(const Call& call) { Run(call, 0, Activation::kNone); }
void UpsampleSum(const Call& call) { Run(call, 1, call.as<UpsampleSumAttrs>().activation); }

}  // namespace segforge::ref
