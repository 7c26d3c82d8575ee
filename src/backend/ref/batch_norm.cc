// y[t,c] = (x[t,c] - mean[c]) / sqrt(variance[c] + eps) * gamma[c] + beta[c]; y may be x's memory.
#include <cmath>

#include "backend/ref/ops.h"

namespace segforge::ref {

void BatchNorm(const Call& call) {
  const float* x = call.floats(0);
  const auto parameter = [&](size_t input, int64_t c) { return static_cast<double>(call.floats(input)[c]); };
  const int64_t channels = call.output_shape().back();
  const double eps = static_cast<double>(call.as<BatchNormAttrs>().eps);
  call.pool().ParallelFor(Rows(call.output_shape()), 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin * channels; i < end * channels; ++i) {
      const int64_t c = i % channels;
      const double normal = (static_cast<double>(x[i]) - parameter(3, c)) / std::sqrt(parameter(4, c) + eps);
      call.output()[i] = static_cast<float>(normal * parameter(1, c) + parameter(2, c));
    }
  });
}

}  // namespace segforge::ref
