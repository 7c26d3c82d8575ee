// Softmax: y[t,c] = exp(x[t,c] - max_t) / sum_c exp(x[t,c] - max_t); y may be x's memory.
// ReduceMean: y[t] = sum_c x[t,c] / C.
#include <algorithm>
#include <cmath>

#include "backend/ref/ops.h"

namespace segforge::ref {

void Softmax(const Call& call) {
  const int64_t channels = call.output_shape().back();
  call.pool().ParallelFor(Rows(call.output_shape()), 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t row = begin; row < end; ++row) {
      const float* x = call.floats(0) + row * channels;
      float* y = call.output() + row * channels;
      const double max = static_cast<double>(*std::max_element(x, x + channels));
      double sum = 0;
      for (int64_t c = 0; c < channels; ++c) sum += std::exp(static_cast<double>(x[c]) - max);
      for (int64_t c = 0; c < channels; ++c) {
        y[c] = static_cast<float>(std::exp(static_cast<double>(x[c]) - max) / sum);
      }
    }
  });
}

void ReduceMean(const Call& call) {
  const int64_t channels = call.shape(0).back();
  call.pool().ParallelFor(Rows(call.shape(0)), 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t row = begin; row < end; ++row) {
      double sum = 0;
      for (int64_t c = 0; c < channels; ++c) sum += static_cast<double>(call.floats(0)[row * channels + c]);
      call.output()[row] = static_cast<float>(sum / static_cast<double>(channels));
    }
  });
}

}  // namespace segforge::ref
