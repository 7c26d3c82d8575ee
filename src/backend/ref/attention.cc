// For head j with d = C / heads channels, queries t and keys s:
//   y[t, jd..] = sum_s softmax_s(scale * q[t, jd..] . k[s, jd..]) * v[s, jd..]
// q [N,H,W,C]; kv [N,h,w,2C], a pixel's keys before its values; y as q.
// Vaswani et al., "Attention Is All You Need" (2017), eq. 1.
#include <algorithm>
#include <cmath>

#include "backend/ref/math.h"
#include "backend/ref/ops.h"

namespace segforge::ref {
namespace {

struct Head {
  const float* keys;  // of the first key; the next is `stride` further, its values `channels` further
  int64_t count, stride, channels, width;
  double scale;

  // scores [count] is overwritten with the weights of the keys, not yet divided by their sum, which is
  // returned.
  double Weigh(const float* query, double* scores) const {
    double max = -INFINITY;
    for (int64_t s = 0; s < count; ++s) {
      scores[s] = scale * Dot(query, keys + s * stride, width);
      max = std::max(max, scores[s]);
    }
    double sum = 0;
    for (int64_t s = 0; s < count; ++s) {
      scores[s] = std::exp(scores[s] - max);
      sum += scores[s];
    }
    return sum;
  }
  void Mix(const double* scores, double sum, float* y) const {
    for (int64_t c = 0; c < width; ++c) {
      double mixed = 0;
      for (int64_t s = 0; s < count; ++s)
        mixed += scores[s] * static_cast<double>(keys[s * stride + channels + c]);
      y[c] = static_cast<float>(mixed / sum);
    }
  }
};

}  // namespace

int64_t AttentionScratch(std::span<const Shape> inputs, int threads) {
  return inputs[1][1] * inputs[1][2] * threads;
}

void Attention(const Call& call) {
  const auto& attributes = call.as<AttentionAttrs>();
  const Shape& q = call.shape(0);
  const Shape& kv = call.shape(1);
  const int64_t channels = q[3];
  const int64_t keys = kv[1] * kv[2];
  const int64_t width = channels / attributes.heads;
  call.pool().ParallelFor(Rows(q) * attributes.heads, 1, [&](int64_t begin, int64_t end, int thread) {
    double* scores = call.scratch() + thread * keys;
    for (int64_t i = begin; i < end; ++i) {
      const int64_t token = i / attributes.heads;
      const int64_t first = i % attributes.heads * width;  // channel
      const float* image_keys = call.floats(1) + token / (q[1] * q[2]) * keys * kv[3];
      const Head head = {image_keys + first, keys,  kv[3],
                         channels,           width, static_cast<double>(attributes.scale)};
      const double sum = head.Weigh(call.floats(0) + token * channels + first, scores);
      head.Mix(scores, sum, call.output() + token * channels + first);
    }
  });
}

}  // namespace segforge::ref
