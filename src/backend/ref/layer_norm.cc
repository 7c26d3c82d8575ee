// y[t,c] = (x[t,c] - mean_t) / sqrt(variance_t + eps) * gamma[c] + beta[c]; y may be x's memory.
// Ba, Kiros, Hinton, "Layer Normalization" (2016).
#include "backend/ref/math.h"
#include "backend/ref/ops.h"

namespace segforge::ref {

void LayerNorm(const Call& call) {
  const float* gamma = call.floats(1);
  const float* beta = call.floats(2);
  const int64_t channels = call.output_shape().back();
  call.pool().ParallelFor(Rows(call.output_shape()), 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t row = begin; row < end; ++row) {
      const float* x = call.floats(0) + row * channels;
      float* y = call.output() + row * channels;
      const Moments moments = MomentsOf(x, channels, call.as<LayerNormAttrs>().eps);
      for (int64_t c = 0; c < channels; ++c) {
        const double normal = (static_cast<double>(x[c]) - moments.mean) * moments.inverse_deviation;
        y[c] = static_cast<float>(normal * static_cast<double>(gamma[c]) + static_cast<double>(beta[c]));
      }
    }
  });
}

}  // namespace segforge::ref
