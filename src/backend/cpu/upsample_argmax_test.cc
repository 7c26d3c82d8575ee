#include <gtest/gtest.h>

#include <cmath>

#include "backend/cpu/each_target_test.h"
#include "backend/cpu/kernel_test_util.h"
#include "backend/labels.h"

namespace segforge {
namespace {

struct Sizes {
  int64_t height, width, classes, out_height, out_width;
};

// All classes at one output pixel, as torch's upsample_bilinear2d with align_corners = false, in float64.
std::vector<double> Pixel(const Sizes& s, const std::vector<float>& logits, int64_t v, int64_t u) {
  const auto source = [](int64_t i, int64_t in, int64_t out) {
    return std::max(
        0.0, (static_cast<double>(i) + 0.5) * static_cast<double>(in) / static_cast<double>(out) - 0.5);
  };
  const double y = source(v, s.height, s.out_height), x = source(u, s.width, s.out_width);
  const auto y0 = static_cast<int64_t>(y), x0 = static_cast<int64_t>(x);
  const double fy = y - static_cast<double>(y0), fx = x - static_cast<double>(x0);
  std::vector<double> values;
  for (int64_t c = 0; c < s.classes; ++c) {
    const auto at = [&](int64_t yy, int64_t xx) {
      const int64_t pixel = std::min(yy, s.height - 1) * s.width + std::min(xx, s.width - 1);
      return static_cast<double>(logits[static_cast<size_t>(pixel * s.classes + c)]);
    };
    values.push_back((1 - fy) * ((1 - fx) * at(y0, x0) + fx * at(y0, x0 + 1)) +
                     fy * ((1 - fx) * at(y0 + 1, x0) + fx * at(y0 + 1, x0 + 1)));
  }
  return values;
}

template <typename Label>
void ExpectMatches(const Sizes& s) {
  SCOPED_TRACE(testing::Message() << s.height << " x " << s.width << " x " << s.classes << " to "
                                  << s.out_height << " x " << s.out_width);
  const auto logits = RandomFloats(s.height * s.width * s.classes, 7, 0, 3);
  const ConstTensorView view = {logits.data(), DType::kF32, {s.height, s.width, s.classes}};
  const Shape out = {s.out_height, s.out_width};
  ForEachCpuTarget([&] {
    ThreadPool pool(2);
    Tensor labels(kDTypeOf<Label>, out), confidence(DType::kF32, out), labels_alone(kDTypeOf<Label>, out);
    CpuUpsampleArgmax(view, {labels.view(), confidence.view()}, pool);
    CpuUpsampleArgmax(view, {labels_alone.view(), {}}, pool);
    EXPECT_TRUE(std::ranges::equal(labels.span<Label>(), labels_alone.span<Label>()));
    for (int64_t i = 0; i < out.elems(); ++i) {
      const auto values = Pixel(s, logits, i / s.out_width, i % s.out_width);
      const size_t label = labels.span<Label>()[static_cast<size_t>(i)];
      ASSERT_LT(label, values.size());
      const double top = *std::ranges::max_element(values);
      ASSERT_GE(values[label], top - 4e-6) << "label " << label << " of pixel " << i;
      double sum = 0;
      for (double value : values) sum += std::exp(value - top);
      ASSERT_NEAR(confidence.span<float>()[static_cast<size_t>(i)], 1 / sum, 4e-6) << "pixel " << i;
    }
  });
}

TEST(CpuUpsampleArgmax, MatchesFloat64AtFourTimesTheSize) {
  ExpectMatches<uint8_t>({8, 12, 11, 32, 48});
  ExpectMatches<uint8_t>({16, 16, 19, 64, 64});
  ExpectMatches<uint8_t>({6, 40, 150, 24, 160});
}

TEST(CpuUpsampleArgmax, MatchesFloat64AtAnySize) {
  for (int64_t width = 1; width <= 40; ++width) ExpectMatches<uint8_t>({5, 9, 3, 7, width});
  for (int64_t width : {1, 2, 3, 7, 8, 9, 15, 16, 17, 33}) ExpectMatches<uint8_t>({3, width, 5, 9, 35});
  ExpectMatches<uint8_t>({1, 1, 1, 1, 1});
  ExpectMatches<uint8_t>({1, 1, 256, 3, 5});
  ExpectMatches<uint8_t>({33, 17, 2, 5, 3});
  ExpectMatches<uint8_t>({9, 9, 4, 9, 9});
}

TEST(CpuUpsampleArgmax, WritesSixteenBitsForManyClasses) {
  ExpectMatches<uint16_t>({4, 5, 300, 13, 18});
  ExpectMatches<uint16_t>({2, 3, 7, 8, 12});
}

TEST(CpuUpsampleArgmax, TheLowestClassWinsATie) {
  // Classes 2 and 5 are equal and the greatest everywhere; constant maps interpolate exactly.
  const std::vector<float> pixel = {0.0f, -1.0f, 2.5f, 1.0f, 2.0f, 2.5f, -7.0f};
  std::vector<float> logits;
  for (int i = 0; i < 6 * 5; ++i) logits.insert(logits.end(), pixel.begin(), pixel.end());
  ForEachCpuTarget([&] {
    ThreadPool pool(1);
    Tensor labels(DType::kU8, {24, 20});
    CpuUpsampleArgmax({logits.data(), DType::kF32, {6, 5, 7}}, {labels.view(), {}}, pool);
    for (const uint8_t label : labels.span<uint8_t>()) ASSERT_EQ(label, 2);
  });
}

TEST(CpuUpsampleArgmax, DoesNotDependOnThreadsAndWritesConfidenceAlone) {
  const auto logits = RandomFloats(10 * 9 * 6, 3);
  const ConstTensorView view = {logits.data(), DType::kF32, {10, 9, 6}};
  ForEachCpuTarget([&] {
    ThreadPool one(1), three(3);
    Tensor labels(DType::kU8, {40, 36}), confidence(DType::kF32, {40, 36}), alone(DType::kF32, {40, 36});
    CpuUpsampleArgmax(view, {labels.view(), confidence.view()}, one);
    CpuUpsampleArgmax(view, {{}, alone.view()}, three);
    EXPECT_TRUE(std::ranges::equal(confidence.span<float>(), alone.span<float>()));
  });
}

}  // namespace
}  // namespace segforge
