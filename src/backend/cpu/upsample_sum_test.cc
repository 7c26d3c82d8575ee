#include "backend/cpu/upsample_sum.h"

#include <gtest/gtest.h>

#include <cmath>

#include "backend/cpu/each_target_test.h"
#include "backend/cpu/kernel_test_util.h"
#include "base/tensor.h"

namespace segforge {
namespace {

struct Size {
  int64_t height, width;
};

// torch's upsample_bilinear2d with align_corners = false, in float64.
double Sample(const std::vector<float>& map, const Size& size, int64_t channels, int64_t n, double v,
              double u, int64_t c) {
  v = std::max(v, 0.0), u = std::max(u, 0.0);
  const int64_t v0 = std::min(static_cast<int64_t>(v), size.height - 1),
                v1 = std::min(v0 + 1, size.height - 1);
  const int64_t u0 = std::min(static_cast<int64_t>(u), size.width - 1), u1 = std::min(u0 + 1, size.width - 1);
  const double fv = v - static_cast<double>(v0), fu = u - static_cast<double>(u0);
  const auto at = [&](int64_t y, int64_t x) {
    return static_cast<double>(
        map[static_cast<size_t>(((n * size.height + y) * size.width + x) * channels + c)]);
  };
  return (1 - fv) * ((1 - fu) * at(v0, u0) + fu * at(v0, u1)) +
         fv * ((1 - fu) * at(v1, u0) + fu * at(v1, u1));
}

double Activated(double x, Activation activation) {
  if (activation == Activation::kRelu) return std::max(x, 0.0);
  return activation == Activation::kGelu ? 0.5 * x * std::erfc(-x / std::sqrt(2.0)) : x;
}

void ExpectMatches(int64_t batch, const Size& out, int64_t channels, const std::vector<Size>& sizes,
                   Activation activation, bool has_base) {
  SCOPED_TRACE(testing::Message() << out.height << " x " << out.width << " x " << channels << ", "
                                  << sizes.size() << " sources");
  const auto base = RandomFloats(batch * out.height * out.width * channels, 1);
  std::vector<std::vector<float>> maps;
  std::vector<ResizeSource> sources;
  for (const Size& size : sizes)
    maps.push_back(
        RandomFloats(batch * size.height * size.width * channels, 2 + static_cast<uint32_t>(maps.size())));
  for (size_t i = 0; i < sizes.size(); ++i)
    sources.push_back({maps[i].data(), sizes[i].height, sizes[i].width});

  std::vector<double> expected;
  for (int64_t i = 0; i < batch * out.height * out.width * channels; ++i) {
    const int64_t c = i % channels, u = i / channels % out.width, v = i / channels / out.width % out.height;
    double sum = has_base ? static_cast<double>(base[static_cast<size_t>(i)]) : 0.0;
    for (size_t s = 0; s < sizes.size(); ++s) {
      const double y = (static_cast<double>(v) + 0.5) * static_cast<double>(sizes[s].height) /
                           static_cast<double>(out.height) -
                       0.5;
      const double x = (static_cast<double>(u) + 0.5) * static_cast<double>(sizes[s].width) /
                           static_cast<double>(out.width) -
                       0.5;
      sum += Sample(maps[s], sizes[s], channels, i / channels / out.width / out.height, y, x, c);
    }
    expected.push_back(Activated(sum, activation));
  }
  ForEachCpuTarget([&] {
    ThreadPool pool(2);
    const AlignedBuffer scratch(UpsampleSumScratchBytes(sources, channels, pool.threads()));
    std::vector<float> y = base;
    UpsampleSumArgs args = {.base = has_base ? base.data() : nullptr,
                            .sources = sources,
                            .y = y.data(),
                            .batch = batch,
                            .height = out.height,
                            .width = out.width,
                            .channels = channels,
                            .activation = activation,
                            .scratch = scratch.data()};
    CpuUpsampleSum(args, pool);
    ExpectClose(y, expected, 5e-6);
    if (!has_base) return;
    std::vector<float> in_place = base;
    args.base = args.y = in_place.data();
    CpuUpsampleSum(args, pool);
    EXPECT_EQ(in_place, y);
  });
}

TEST(CpuUpsampleSum, MatchesFloat64OnTheHeadsScales) {
  ExpectMatches(1, {32, 48}, 24, {{16, 24}, {8, 12}, {4, 6}}, Activation::kRelu, true);
  ExpectMatches(2, {16, 16}, 256, {{8, 8}, {4, 4}, {2, 2}}, Activation::kRelu, true);
}

TEST(CpuUpsampleSum, MatchesFloat64OnOddSizesAndChannels) {
  for (int64_t channels : {1, 3, 7, 8, 9, 17}) {
    ExpectMatches(1, {13, 19}, channels, {{7, 10}, {4, 5}, {2, 3}}, Activation::kNone, true);
    ExpectMatches(1, {5, 3}, channels, {{1, 1}}, Activation::kGelu, true);
  }
}

TEST(CpuUpsampleSum, TakesAnyNumberOfSources) {
  for (size_t count = 0; count <= kMaxResizeSources; ++count)
    ExpectMatches(1, {6, 5}, 9, std::vector<Size>(count, {3, 4}), Activation::kRelu, true);
}

TEST(CpuResizeBilinear, MatchesFloat64UpAndDown) {
  for (const Size& out : {Size{1, 1}, {2, 3}, {8, 8}, {9, 17}, {33, 31}})
    for (const Size& in : {Size{1, 1}, {3, 2}, {8, 8}, {16, 20}})
      ExpectMatches(1, out, 11, {in}, Activation::kNone, false);
}

}  // namespace
}  // namespace segforge
