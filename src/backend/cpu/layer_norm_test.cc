#include <gtest/gtest.h>

#include <cmath>

#include "backend/cpu/each_target_test.h"
#include "backend/cpu/kernel_test_util.h"
#include "backend/cpu/simd_kernels.h"

namespace segforge {
namespace {

constexpr float kEps = 1e-6f;

std::vector<double> Exact(const std::vector<float>& x, const std::vector<float>& gamma,
                          const std::vector<float>& beta, double eps) {
  const size_t channels = gamma.size();
  std::vector<double> y(x.size());
  for (size_t row = 0; row < x.size(); row += channels) {
    double mean = 0, variance = 0;
    for (size_t c = 0; c < channels; ++c) mean += x[row + c] / static_cast<double>(channels);
    for (size_t c = 0; c < channels; ++c)
      variance += (x[row + c] - mean) * (x[row + c] - mean) / static_cast<double>(channels);
    for (size_t c = 0; c < channels; ++c)
      y[row + c] = (x[row + c] - mean) / std::sqrt(variance + eps) * gamma[c] + beta[c];
  }
  return y;
}

void ExpectMatches(int64_t rows, int64_t channels, float mean, double tolerance) {
  SCOPED_TRACE(testing::Message() << rows << " rows of " << channels);
  const auto x = RandomFloats(rows * channels, 1, mean), gamma = RandomFloats(channels, 2, 1),
             beta = RandomFloats(channels, 3);
  const auto expected = Exact(x, gamma, beta, kEps);
  ForEachCpuTarget([&] {
    for (int threads : {1, 3}) {
      ThreadPool pool(threads);
      std::vector<float> y(x.size(), NAN);
      CpuLayerNorm(x.data(), gamma.data(), beta.data(), kEps, rows, channels, y.data(), pool);
      ExpectClose(y, expected, tolerance);
      std::vector<float> in_place = x;
      CpuLayerNorm(in_place.data(), gamma.data(), beta.data(), kEps, rows, channels, in_place.data(), pool);
      EXPECT_EQ(in_place, y);
    }
  });
}

TEST(CpuLayerNorm, MatchesFloat64OnEverySize) {
  for (int64_t channels = 1; channels <= 70; ++channels) ExpectMatches(3, channels, 0.3f, 2e-6);
  for (int64_t channels : {127, 128, 129, 160, 256, 320, 511, 512, 513, 4095, 4096})
    ExpectMatches(2, channels, 0.3f, 2e-6);
}

TEST(CpuLayerNorm, MatchesFloat64OnManyRows) {
  for (int64_t rows : {0, 1, 257, 4096}) ExpectMatches(rows, 32, 0.3f, 4e-6);
  ExpectMatches(1024, 64, 0.3f, 4e-6);
}

TEST(CpuLayerNorm, KeepsPrecisionOnLargeMean) {
  // 1000 in float32 is known to 6e-5 and the deviation is 1: E[x^2] - E[x]^2 would be off by some 0.1.
  ExpectMatches(16, 320, 1000.0f, 2e-3);
}

TEST(CpuLayerNorm, ConstantRowGivesBeta) {
  const std::vector<float> x(40, 5.0f), gamma(40, 2.0f), beta = RandomFloats(40, 4);
  ForEachCpuTarget([&] {
    ThreadPool pool(1);
    std::vector<float> y(40);
    CpuLayerNorm(x.data(), gamma.data(), beta.data(), kEps, 1, 40, y.data(), pool);
    for (size_t c = 0; c < y.size(); ++c)
      EXPECT_NEAR(y[c], beta[c], 2e-3);  // 5 ulp of the mean over sqrt(eps)
  });
}

}  // namespace
}  // namespace segforge
