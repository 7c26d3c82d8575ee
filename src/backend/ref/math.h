// The arithmetic that several reference operations share, in float64.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>

#include "base/check.h"
#include "ir/op.h"

namespace segforge::ref {

// sum_i a[i] * b[i]. Eight running sums let the compiler use vectors; in float64 the order is of no
// consequence.
template <typename A>
double Dot(const A* a, const float* b, int64_t count) {
  double sums[8] = {};
  int64_t i = 0;
  for (; i + 8 <= count; i += 8) {
    for (int lane = 0; lane < 8; ++lane) {
      sums[lane] += static_cast<double>(a[i + lane]) * static_cast<double>(b[i + lane]);
    }
  }
  double sum = 0;
  for (; i < count; ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  for (const double lane : sums) sum += lane;
  return sum;
}

inline double Gelu(double x) { return 0.5 * x * std::erfc(-x / std::numbers::sqrt2); }

inline double Apply(Activation activation, double x) {
  switch (activation) {
    case Activation::kNone:
      return x;
    case Activation::kRelu:
      return x < 0 ? 0 : x;  // a NaN stays one
    case Activation::kGelu:
      return Gelu(x);
  }
  SEGFORGE_CHECK(false);
  return x;
}

struct Moments {
  double mean = 0;
  double inverse_deviation = 0;  // 1 / sqrt(variance + eps)
};
inline Moments MomentsOf(const float* row, int64_t count, float eps) {
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += static_cast<double>(row[i]);
  const double mean = sum / static_cast<double>(count);
  double squares = 0;
  for (int64_t i = 0; i < count; ++i) {
    const double centred = static_cast<double>(row[i]) - mean;
    squares += centred * centred;
  }
  const double variance = squares / static_cast<double>(count);
  return {mean, 1 / std::sqrt(variance + static_cast<double>(eps))};
}

// One axis of bilinear interpolation with half-pixel centres (torch's align_corners = false):
// y[target] = (1 - weight) * x[low] + weight * x[high].
struct Tap {
  int64_t low = 0;
  int64_t high = 0;
  double weight = 0;
};
inline Tap TapAt(int64_t target, int64_t source_size, int64_t target_size) {
  const double scale = static_cast<double>(source_size) / static_cast<double>(target_size);
  const double position = std::max(0.0, (static_cast<double>(target) + 0.5) * scale - 0.5);
  const int64_t low = std::min(static_cast<int64_t>(position), source_size - 1);
  return {low, std::min(low + 1, source_size - 1), position - static_cast<double>(low)};
}

// Channel c of map [h, w, channels] between four pixels.
inline double Interpolate(const float* map, int64_t width, int64_t channels, const Tap& y, const Tap& x,
                          int64_t c) {
  const auto at = [&](int64_t row, int64_t column) {
    return static_cast<double>(map[(row * width + column) * channels + c]);
  };
  const double top = (1 - x.weight) * at(y.low, x.low) + x.weight * at(y.low, x.high);
  const double bottom = (1 - x.weight) * at(y.high, x.low) + x.weight * at(y.high, x.high);
  return (1 - y.weight) * top + y.weight * bottom;
}

}  // namespace segforge::ref
