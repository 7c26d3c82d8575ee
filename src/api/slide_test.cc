#include "api/slide.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "api/model_info.h"
#include "model/model_from_checkpoint.h"
#include "model/synthetic_checkpoint.h"

namespace segforge {
namespace {

using ::testing::ElementsAre;

std::vector<int64_t> StartsX(int64_t width, int64_t crop, int64_t stride) {
  std::vector<int64_t> starts;
  for (const Window& window : SlideWindows({32, width}, {32, crop}, {32, stride})) starts.push_back(window.x);
  return starts;
}

TEST(SlideWindows, AreClampedAtTheBorder) {
  EXPECT_THAT(StartsX(100, 40, 30), ElementsAre(0, 30, 60));      // they just fit
  EXPECT_THAT(StartsX(101, 40, 30), ElementsAre(0, 30, 60, 61));  // one pixel more, one window more
  EXPECT_THAT(StartsX(40, 40, 30), ElementsAre(0));
  EXPECT_THAT(StartsX(41, 40, 30), ElementsAre(0, 1));
  EXPECT_THAT(StartsX(99, 33, 33), ElementsAre(0, 33, 66));
}

TEST(SlideWindows, OfASmallImageAreTheImage) {
  EXPECT_THAT(SlideWindows({50, 70}, {64, 96}, {48, 48}), ElementsAre(Window{0, 0, 50, 70}));
  EXPECT_THAT(SlideWindows({50, 70}, {64, 48}, {48, 36}),
              ElementsAre(Window{0, 0, 50, 48}, Window{0, 22, 50, 48}));
}

TEST(SlideWindows, CoverEveryPixelOfOddSizes) {
  for (const ImageSize image : {ImageSize{33, 101}, ImageSize{97, 131}, ImageSize{64, 65}}) {
    const auto width = static_cast<size_t>(image.width);
    std::vector<int> counts(static_cast<size_t>(image.height) * width);
    for (const Window& window : SlideWindows(image, {35, 37}, {17, 37})) {
      ASSERT_GE(window.y, 0);
      ASSERT_LE(window.y + window.height, image.height);
      ASSERT_LE(window.x + window.width, image.width);
      for (int64_t i = 0; i < window.height * window.width; ++i) {
        const int64_t y = window.y + i / window.width;
        ++counts[static_cast<size_t>(y * image.width + window.x + i % window.width)];
      }
    }
    EXPECT_THAT(counts, ::testing::Each(::testing::Gt(0)));
  }
}

LoadedModel MakeModel() {
  testing::SyntheticModel small;
  small.depths = {1, 1, 1, 1};
  small.head_width = 16;
  small.classes = 5;
  LoadedModel model;
  Model loaded =
      ModelFromCheckpoint(testing::MakeCheckpoint(testing::NvlabsShapes(small), true), {}, {}).value();
  model.preprocessing = loaded.preprocessing;
  model.classes = small.classes;
  model.engine = Engine::Build(std::move(loaded.graph), MakeCpuBackend(), {}).value();
  return model;
}

// torch's bilinear at one point, align_corners = false, in float64.
double At(const ConstTensorView& logits, const Window& window, int64_t y, int64_t x, int64_t c) {
  const auto source = [](int64_t i, int64_t in, int64_t out) {
    return std::max(
        0.0, (static_cast<double>(i) + 0.5) * static_cast<double>(in) / static_cast<double>(out) - 0.5);
  };
  const double v = source(y, logits.shape[0], window.height), u = source(x, logits.shape[1], window.width);
  const auto value = [&](int64_t row, int64_t column) {
    row = std::min(row, logits.shape[0] - 1);
    column = std::min(column, logits.shape[1] - 1);
    return static_cast<double>(logits.as<float>()[(row * logits.shape[1] + column) * logits.shape[2] + c]);
  };
  const auto row = static_cast<int64_t>(v), column = static_cast<int64_t>(u);
  const double low = value(row, column) + (u - std::floor(u)) * (value(row, column + 1) - value(row, column));
  const double high =
      value(row + 1, column) + (u - std::floor(u)) * (value(row + 1, column + 1) - value(row + 1, column));
  return low + (v - std::floor(v)) * (high - low);
}

TEST(SlideLogits, AreTheMeanOfTheWindowsThatCoverAPixel) {
  LoadedModel model = MakeModel();
  model.options.crop_height = 64;
  model.options.crop_width = 48;
  model.options.stride_height = 40;
  model.options.stride_width = 31;
  constexpr int64_t kHeight = 97, kWidth = 75;
  std::vector<uint8_t> pixels(kHeight * kWidth * 3);
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<uint8_t>(i * i / 7);
  const ImageView image = {pixels.data(), kHeight, kWidth, kWidth * 3};
  const std::unique_ptr<Session> session = model.engine->NewSession(1).value();
  Timings times;
  const auto logits = SlideLogits(model, image, *session, times);
  ASSERT_TRUE(logits.ok()) << logits.status().message();
  ASSERT_EQ(logits->shape(), (Shape{kHeight, kWidth, 5}));

  std::vector<double> sum(static_cast<size_t>(kHeight * kWidth * 5));
  std::vector<double> counts(sum.size());
  for (const Window& window : SlideWindows({kHeight, kWidth}, {64, 48}, {40, 31})) {
    ASSERT_TRUE(session->Prepare(model.engine->PlanFor({1, 64, 48}, 1).value()).ok());
    const ImageView part = {pixels.data() + (window.y * kWidth + window.x) * 3, 64, 48, kWidth * 3};
    Normalize(part, model.preprocessing, session->input(), session->pool());
    ASSERT_TRUE(session->Execute().ok());
    ConstTensorView one = session->output(0).value();
    one.shape = {one.shape[1], one.shape[2], one.shape[3]};
    for (int64_t i = 0; i < 64 * 48 * 5; ++i) {
      const int64_t y = i / 5 / 48, x = i / 5 % 48;
      const auto at = static_cast<size_t>(((window.y + y) * kWidth + window.x + x) * 5 + i % 5);
      sum[at] += At(one, window, y, x, i % 5);
      ++counts[at];
    }
  }
  double greatest = 0;
  for (size_t i = 0; i < sum.size(); ++i) greatest = std::max(greatest, std::abs(sum[i] / counts[i]));
  for (size_t i = 0; i < sum.size(); ++i) {
    ASSERT_NEAR(static_cast<double>(logits->span<float>()[i]), sum[i] / counts[i], 1e-5 * greatest) << i;
  }
}

}  // namespace
}  // namespace segforge
