// y[t,o] = activation(sum_c x[t,c] * w[o,c] + b[o] + residual[t,o])
// x [rows, Ci], w [Co, Ci], b [Co], y and residual [rows, Co]; y may be the residual's memory.
#include "backend/ref/math.h"
#include "backend/ref/ops.h"

namespace segforge::ref {
namespace {

void Run(const Call& call, const float* bias, const float* residual, Activation activation) {
  const float* x = call.floats(0);
  const float* w = call.floats(1);
  float* y = call.output();
  const int64_t width_in = call.shape(0).back();
  const int64_t width_out = call.output_shape().back();
  call.pool().ParallelFor(Rows(call.output_shape()), 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t row = begin; row < end; ++row) {
      for (int64_t o = 0; o < width_out; ++o) {
        double sum = Dot(x + row * width_in, w + o * width_in, width_in);
        if (bias != nullptr) sum += static_cast<double>(bias[o]);
        if (residual != nullptr) sum += static_cast<double>(residual[row * width_out + o]);
        y[row * width_out + o] = static_cast<float>(Apply(activation, sum));
      }
    }
  });
}

}  // namespace

void Linear(const Call& call) { Run(call, call.floats_or_null(2), nullptr, Activation::kNone); }

void LinearEpilogue(const Call& call) {
  const auto& attributes = call.as<LinearEpilogueAttrs>();
  const float* bias = attributes.has_bias ? call.floats(2) : nullptr;
  const float* residual = attributes.has_residual ? call.floats(call.inputs() - 1) : nullptr;
  Run(call, bias, residual, attributes.activation);
}

}  // namespace segforge::ref
