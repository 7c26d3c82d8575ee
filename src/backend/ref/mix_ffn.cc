// y = x + w2 . gelu(dwconv(w1 . LayerNorm(x) + b1) + bd) + b2; y may be x's memory.
// x [N,H,W,C], w1 [F,C], wd [kh,kw,F], w2 [C,F]. What lies between stays in float64.
#include "backend/ref/depthwise.h"
#include "backend/ref/math.h"
#include "backend/ref/ops.h"

namespace segforge::ref {
namespace {

struct Weights {
  const float *gamma, *beta, *w1, *b1, *wd, *bd, *w2, *b2;
  int64_t channels, hidden;
  float eps;
};

// hidden[f] = w1[f] . LayerNorm(x) + b1[f]; normal [channels] is scratch.
void Expand(const Weights& weights, const float* x, double* normal, double* hidden) {
  const Moments moments = MomentsOf(x, weights.channels, weights.eps);
  for (int64_t c = 0; c < weights.channels; ++c) {
    normal[c] = (static_cast<double>(x[c]) - moments.mean) * moments.inverse_deviation *
                    static_cast<double>(weights.gamma[c]) +
                static_cast<double>(weights.beta[c]);
  }
  for (int64_t f = 0; f < weights.hidden; ++f) {
    hidden[f] =
        Dot(normal, weights.w1 + f * weights.channels, weights.channels) + static_cast<double>(weights.b1[f]);
  }
}

// y = x + w2 . active + b2
void Contract(const Weights& weights, const double* active, const float* x, float* y) {
  for (int64_t c = 0; c < weights.channels; ++c) {
    const double sum = Dot(active, weights.w2 + c * weights.hidden, weights.hidden);
    y[c] = static_cast<float>(static_cast<double>(x[c]) + sum + static_cast<double>(weights.b2[c]));
  }
}

}  // namespace

int64_t MixFfnScratch(std::span<const Shape> inputs, int threads) {
  const Shape& x = inputs[0];
  const int64_t hidden = inputs[3][0];
  return x[1] * x[2] * hidden + std::max(x[3], hidden) * threads;
}

void MixFfn(const Call& call) {
  const Shape& shape = call.shape(0);
  const Shape& kernel = call.shape(5);
  const int64_t pixels = shape[1] * shape[2];
  const Weights weights = {call.floats(1),
                           call.floats(2),
                           call.floats(3),
                           call.floats(4),
                           call.floats(5),
                           call.floats(6),
                           call.floats(7),
                           call.floats(8),
                           shape[3],
                           kernel[2],
                           call.as<MixFfnAttrs>().eps};
  const DepthwiseWindow window = {shape[1], shape[2], kernel[2], kernel[0], kernel[1], kernel[0] / 2};
  double* hidden = call.scratch();  // [pixels, F] of one image
  double* rows = hidden + pixels * weights.hidden;
  const int64_t row_elems = std::max(weights.channels, weights.hidden);
  for (int64_t n = 0; n < shape[0]; ++n) {
    const float* x = call.floats(0) + n * pixels * weights.channels;
    float* y = call.output() + n * pixels * weights.channels;
    call.pool().ParallelFor(pixels, 1, [&](int64_t begin, int64_t end, int thread) {
      for (int64_t p = begin; p < end; ++p) {
        Expand(weights, x + p * weights.channels, rows + thread * row_elems, hidden + p * weights.hidden);
      }
    });
    call.pool().ParallelFor(pixels, 1, [&](int64_t begin, int64_t end, int thread) {
      double* active = rows + thread * row_elems;
      for (int64_t p = begin; p < end; ++p) {
        for (int64_t f = 0; f < weights.hidden; ++f) {
          const double sum = window.Sum(hidden, weights.wd, p / shape[2], p % shape[2], f);
          active[f] = Gelu(sum + static_cast<double>(weights.bd[f]));
        }
        Contract(weights, active, x + p * weights.channels, y + p * weights.channels);
      }
    });
  }
}

}  // namespace segforge::ref
