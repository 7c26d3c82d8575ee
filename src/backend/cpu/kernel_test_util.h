// Shared by the tests of the SIMD kernels.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

namespace segforge {

inline std::vector<float> RandomFloats(int64_t count, uint32_t seed, float mean = 0, float deviation = 1) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal(mean, deviation);
  std::vector<float> values(static_cast<size_t>(count));
  for (float& value : values) value = normal(generator);
  return values;
}

// Fails when an element differs by more than tolerance * max(1, |expected|), or is not a number.
inline void ExpectClose(std::span<const float> actual, std::span<const double> expected, double tolerance) {
  ASSERT_EQ(actual.size(), expected.size());
  double worst = -1;
  size_t where = 0;
  for (size_t i = 0; i < actual.size(); ++i) {
    const double error = std::abs(actual[i] - expected[i]) / std::max(1.0, std::abs(expected[i]));
    if (error <= worst) continue;
    worst = error;
    where = i;
    if (std::isnan(error)) break;
  }
  if (actual.empty() || worst <= tolerance) return;
  ADD_FAILURE() << "element " << where << " of " << actual.size() << ": expected " << expected[where]
                << ", got " << actual[where];
}

}  // namespace segforge
