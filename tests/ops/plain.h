// Each operation once more, as plainly as it can be written and for any floating-point type: in double it is
// what the kernels are compared with, in float it shows how exact a plain float32 loop would be.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <span>
#include <vector>

#include "base/tensor.h"

namespace segforge::plain {

template <typename T>
using Values = std::vector<T>;

template <typename T>
Values<T> From(const Tensor& tensor) {
  const auto values = tensor.span<float>();
  return Values<T>(values.begin(), values.end());
}

inline size_t Size(int64_t value) { return static_cast<size_t>(value); }

// x [rows, ci], w [co, ci], b [co] or empty -> [rows, co]
template <typename T>
Values<T> Linear(const Values<T>& x, const Values<T>& w, const Values<T>& b, size_t ci) {
  const size_t rows = x.size() / ci;
  const size_t co = w.size() / ci;
  Values<T> y(rows * co);
  for (size_t row = 0; row < rows; ++row) {
    for (size_t o = 0; o < co; ++o) {
      T sum = b.empty() ? T(0) : b[o];
      for (size_t c = 0; c < ci; ++c) sum += x[row * ci + c] * w[o * ci + c];
      y[row * co + o] = sum;
    }
  }
  return y;
}

template <typename T>
Values<T> LayerNorm(const Values<T>& x, const Values<T>& gamma, const Values<T>& beta, float eps) {
  const size_t channels = gamma.size();
  Values<T> y(x.size());
  for (size_t row = 0; row < x.size(); row += channels) {
    T mean = 0;
    for (size_t c = 0; c < channels; ++c) mean += x[row + c];
    mean /= static_cast<T>(channels);
    T variance = 0;
    for (size_t c = 0; c < channels; ++c) variance += (x[row + c] - mean) * (x[row + c] - mean);
    variance /= static_cast<T>(channels);
    for (size_t c = 0; c < channels; ++c) {
      y[row + c] = (x[row + c] - mean) / std::sqrt(variance + static_cast<T>(eps)) * gamma[c] + beta[c];
    }
  }
  return y;
}

template <typename T>
Values<T> Gelu(Values<T> x) {
  for (T& value : x) value = T(0.5) * value * (T(1) + std::erf(value / std::numbers::sqrt2_v<T>));
  return x;
}

template <typename T>
Values<T> Relu(Values<T> x) {
  for (T& value : x) value = std::max(value, T(0));
  return x;
}

template <typename T>
Values<T> Sum(Values<T> a, const Values<T>& b) {
  for (size_t i = 0; i < a.size(); ++i) a[i] += b[i];
  return a;
}

template <typename T>
Values<T> Softmax(Values<T> x, size_t channels) {
  for (size_t row = 0; row < x.size(); row += channels) {
    T max = x[row];
    for (size_t c = 0; c < channels; ++c) max = std::max(max, x[row + c]);
    T sum = 0;
    for (size_t c = 0; c < channels; ++c) sum += x[row + c] = std::exp(x[row + c] - max);
    for (size_t c = 0; c < channels; ++c) x[row + c] /= sum;
  }
  return x;
}

// x [N,H,W,Ci], w [Co,k,k,Ci], b [Co]
template <typename T>
Values<T> Conv2d(const Values<T>& x, const Shape& shape, const Values<T>& w, const Values<T>& b, int64_t k,
                 int64_t stride, int64_t pad) {
  const auto co = static_cast<int64_t>(b.size());
  const int64_t out_h = (shape[1] + 2 * pad - k) / stride + 1;
  const int64_t out_w = (shape[2] + 2 * pad - k) / stride + 1;
  Values<T> y;
  for (int64_t n = 0; n < shape[0]; ++n) {
    for (int64_t i = 0; i < out_h * out_w * co; ++i) {
      const int64_t o = i % co;
      T sum = b[Size(o)];
      for (int64_t t = 0; t < k * k * shape[3]; ++t) {
        const int64_t c = t % shape[3];
        const int64_t row = i / co / out_w * stride + t / shape[3] / k - pad;
        const int64_t column = i / co % out_w * stride + t / shape[3] % k - pad;
        if (row < 0 || row >= shape[1] || column < 0 || column >= shape[2]) continue;
        sum += x[Size(((n * shape[1] + row) * shape[2] + column) * shape[3] + c)] *
               w[Size(o * k * k * shape[3] + t)];
      }
      y.push_back(sum);
    }
  }
  return y;
}

// x [N,H,W,C], w [k,k,C], b [C], zeros around, same size
template <typename T>
Values<T> DepthwiseConv(const Values<T>& x, const Shape& shape, const Values<T>& w, const Values<T>& b,
                        int64_t k) {
  Values<T> y(x.size());
  const int64_t row_elems = shape[2] * shape[3];
  for (int64_t i = 0; i < shape.elems(); ++i) {
    const int64_t c = i % shape[3];
    T sum = b[Size(c)];
    for (int64_t t = 0; t < k * k; ++t) {
      const int64_t row = i / row_elems % shape[1] + t / k - k / 2;
      const int64_t column = i / shape[3] % shape[2] + t % k - k / 2;
      if (row < 0 || row >= shape[1] || column < 0 || column >= shape[2]) continue;
      const int64_t image = i / (shape[1] * row_elems) * shape[1];
      sum += x[Size((image + row) * row_elems + column * shape[3] + c)] * w[Size(t * shape[3] + c)];
    }
    y[Size(i)] = sum;
  }
  return y;
}

// q [N,H,W,C], kv [N,h,w,2C]
template <typename T>
Values<T> Attention(const Values<T>& q, const Shape& q_shape, const Values<T>& kv, const Shape& kv_shape,
                    int64_t heads, float scale) {
  const int64_t channels = q_shape[3];
  const int64_t width = channels / heads;
  const int64_t queries = q_shape[1] * q_shape[2];
  const int64_t keys = kv_shape[1] * kv_shape[2];
  Values<T> y(q.size());
  for (int64_t i = 0; i < q_shape[0] * queries * heads; ++i) {
    const int64_t token = i / heads;
    const int64_t first = i % heads * width;
    const int64_t kv_first = token / queries * keys * 2 * channels + first;
    Values<T> scores(Size(keys), T(0));
    for (int64_t s = 0; s < keys; ++s) {
      for (int64_t c = 0; c < width; ++c) {
        scores[Size(s)] += q[Size(token * channels + first + c)] * kv[Size(kv_first + s * 2 * channels + c)];
      }
      scores[Size(s)] *= static_cast<T>(scale);
    }
    scores = Softmax(scores, Size(keys));
    for (int64_t s = 0; s < keys; ++s) {
      for (int64_t c = 0; c < width; ++c) {
        y[Size(token * channels + first + c)] +=
            scores[Size(s)] * kv[Size(kv_first + s * 2 * channels + channels + c)];
      }
    }
  }
  return y;
}

// Weights [target, source] of linear interpolation along one axis: hats around the half-pixel centres.
template <typename T>
Values<T> HatWeights(int64_t source, int64_t target) {
  Values<T> weights;
  for (int64_t i = 0; i < target; ++i) {
    const T centre = (T(2 * i + 1) * T(source) / T(target) - 1) / 2;
    const T clamped = std::clamp(centre, T(0), T(source - 1));
    for (int64_t j = 0; j < source; ++j) weights.push_back(std::max(T(0), 1 - std::abs(clamped - T(j))));
  }
  return weights;
}

// x [N,h,w,C] -> [N,height,width,C]: rows first, then columns.
template <typename T>
Values<T> Resize(const Values<T>& x, const Shape& shape, int64_t height, int64_t width) {
  const auto vertical = HatWeights<T>(shape[1], height);
  const auto horizontal = HatWeights<T>(shape[2], width);
  const int64_t channels = shape[3];
  const int64_t row_elems = shape[2] * channels;
  Values<T> y;
  Values<T> row(Size(row_elems));
  for (int64_t v = 0; v < shape[0] * height; ++v) {
    std::fill(row.begin(), row.end(), T(0));
    for (int64_t i = 0; i < shape[1] * row_elems; ++i) {
      const T weight = vertical[Size(v % height * shape[1] + i / row_elems)];
      row[Size(i % row_elems)] += weight * x[Size(v / height * shape[1] * row_elems + i)];
    }
    for (int64_t i = 0; i < width * channels; ++i) {
      T sum = 0;
      for (int64_t u = 0; u < shape[2]; ++u) {
        sum += horizontal[Size(i / channels * shape[2] + u)] * row[Size(u * channels + i % channels)];
      }
      y.push_back(sum);
    }
  }
  return y;
}

}  // namespace segforge::plain
