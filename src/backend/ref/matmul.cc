// y[i,m,n] = sum_k a[i,m,k] * b[i,k,n], or b[i,n,k] when transposed; i runs over all leading axes.
#include "backend/ref/ops.h"

namespace segforge::ref {

void MatMul(const Call& call) {
  const Shape& out = call.output_shape();
  const int64_t m = out[out.rank() - 2];
  const int64_t n = out.back();
  const int64_t k = call.shape(0).back();
  const bool transposed = call.as<MatMulAttrs>().transpose_b;
  const int64_t step_k = transposed ? 1 : n;
  const int64_t step_n = transposed ? k : 1;
  call.pool().ParallelFor(Rows(out), 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t row = begin; row < end; ++row) {
      const float* a = call.floats(0) + row * k;
      const float* b = call.floats(1) + row / m * n * k;
      for (int64_t column = 0; column < n; ++column) {
        double sum = 0;
        for (int64_t i = 0; i < k; ++i) {
          sum += static_cast<double>(a[i]) * static_cast<double>(b[i * step_k + column * step_n]);
        }
        call.output()[row * n + column] = static_cast<float>(sum);
      }
    }
  });
}

}  // namespace segforge::ref
