#include "backend/cpu/depthwise_conv.h"

#include <gtest/gtest.h>

#include <cmath>

#include "backend/cpu/each_target_test.h"
#include "backend/cpu/kernel_test_util.h"

namespace segforge {
namespace {

struct Case {
  int64_t batch, height, width, channels;
};

std::vector<double> Exact(const Case& c, const std::vector<float>& x, const std::vector<float>& weights,
                          const std::vector<float>& bias, bool gelu) {
  const auto at = [&](int64_t n, int64_t h, int64_t w, int64_t k) {
    if (h < 0 || h >= c.height || w < 0 || w >= c.width) return 0.0;
    return static_cast<double>(x[static_cast<size_t>(((n * c.height + h) * c.width + w) * c.channels + k)]);
  };
  std::vector<double> y;
  for (int64_t n = 0; n < c.batch; ++n)
    for (int64_t h = 0; h < c.height; ++h)
      for (int64_t w = 0; w < c.width; ++w)
        for (int64_t k = 0; k < c.channels; ++k) {
          double sum = bias[static_cast<size_t>(k)];
          for (int64_t tap = 0; tap < 9; ++tap)
            sum += at(n, h + tap / 3 - 1, w + tap % 3 - 1, k) *
                   weights[static_cast<size_t>(tap * c.channels + k)];
          y.push_back(gelu ? 0.5 * sum * std::erfc(-sum / std::sqrt(2.0)) : sum);
        }
  return y;
}

// The same pixels `stride` values apart, what lies between them not being a number.
std::vector<float> Spread(const std::vector<float>& x, size_t channels, size_t stride) {
  std::vector<float> spread(x.size() / channels * stride, NAN);
  for (size_t i = 0; i < x.size(); ++i) spread[i / channels * stride + i % channels] = x[i];
  return spread;
}

std::vector<float> Gather(const std::vector<float>& spread, size_t channels, size_t stride) {
  std::vector<float> y;
  for (size_t i = 0; i < spread.size(); i += stride) y.insert(y.end(), &spread[i], &spread[i] + channels);
  return y;
}

void ExpectMatches(const Case& c, size_t padding = 0) {
  SCOPED_TRACE(testing::Message() << c.batch << " x " << c.height << " x " << c.width << " x " << c.channels);
  const auto x = RandomFloats(c.batch * c.height * c.width * c.channels, 1);
  const auto weights = RandomFloats(9 * c.channels, 2), bias = RandomFloats(c.channels, 3);
  const auto width = static_cast<size_t>(c.width), channels = static_cast<size_t>(c.channels);
  const DepthwiseRowShape shape = {width, channels, channels + padding, channels + 2 * padding,
                                   channels + 3 * padding};
  const auto spread_x = Spread(x, channels, shape.in_stride);
  const auto spread_weights = Spread(weights, channels, shape.tap_stride);
  for (bool gelu : {false, true}) {
    const auto expected = Exact(c, x, weights, bias, gelu);
    ForEachCpuTarget([&] {
      ThreadPool pool(2);
      std::vector<float> y(x.size() / channels * shape.out_stride, NAN);
      CpuDepthwiseConv({.x = spread_x.data(),
                        .weights = spread_weights.data(),
                        .bias = bias.data(),
                        .y = y.data(),
                        .batch = c.batch,
                        .height = c.height,
                        .shape = shape,
                        .gelu = gelu},
                       pool);
      ExpectClose(Gather(y, channels, shape.out_stride), expected, 4e-6);
    });
  }
}

TEST(CpuDepthwiseConv, MatchesFloat64OnSmallSizes) {
  for (int64_t height : {1, 2, 3})
    for (int64_t width : {1, 2, 3, 5})
      for (int64_t channels : {1, 7, 8, 9, 17, 32}) ExpectMatches({1, height, width, channels});
}

TEST(CpuDepthwiseConv, MatchesFloat64OnEveryRestOfTheWidth) {
  for (int64_t width = 4; width <= 13; ++width) ExpectMatches({1, 4, width, 19});
}

TEST(CpuDepthwiseConv, MatchesFloat64OnRealShapesAndBatches) {
  ExpectMatches({2, 5, 7, 24});
  ExpectMatches({1, 6, 128, 128});
  ExpectMatches({1, 5, 40, 640});
  ExpectMatches({1, 16, 16, 1024});
}

TEST(CpuDepthwiseConv, FollowsStrides) {
  ExpectMatches({2, 3, 9, 16}, 16);
  ExpectMatches({1, 3, 6, 21}, 3);
}

TEST(CpuDepthwiseConv, PaddedStrideIsAnOddNumberOfCacheLines) {
  EXPECT_EQ(PaddedStride(1), 16u);
  EXPECT_EQ(PaddedStride(128), 144u);
  EXPECT_EQ(PaddedStride(130), 144u);
  EXPECT_EQ(PaddedStride(1024), 1040u);
}

}  // namespace
}  // namespace segforge
