// What can be asked for beyond labels, and the ways of bringing an image through the network.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "api/augment.h"
#include "api/network_input.h"
#include "segforge/files.h"

namespace segforge {
namespace {

constexpr const char* kModel = SEGFORGE_SOURCE_DIR "/models/street-b0";

class WantedTest : public ::testing::Test {
 protected:
  RgbView Part(int64_t height, int64_t width) const {
    return {image_.pixels.data() + (300 * image_.width + 200) * 3, height, width, image_.width * 3};
  }
  static Segmentation Run(const RgbView& view, const Wanted& wanted, SegmenterOptions options = {}) {
    options.threads = 1;
    return Segmenter(kModel, options).Run(view, wanted);
  }
  RgbImage image_ = LoadImage(SEGFORGE_SOURCE_DIR "/models/street-b0/demo/street_day.jpg");
};

TEST_F(WantedTest, TheFirstOfTheTopClassesIsTheLabel) {
  Wanted wanted;
  wanted.confidence = true;
  wanted.top_k = 11;
  const Segmentation result = Run(Part(71, 90), wanted);
  constexpr size_t kPixels = 71 * 90;
  ASSERT_EQ(result.top_labels.size(), 11 * kPixels);
  size_t ties = 0;
  for (size_t i = 0; i < kPixels; ++i) {
    double sum = 0;
    std::array<bool, 11> seen = {};
    for (size_t k = 0; k < 11; ++k) {
      sum += static_cast<double>(result.top_probabilities[k * kPixels + i]);
      seen.at(result.top_labels[k * kPixels + i]) = true;
      if (k > 0) {
        ASSERT_LE(result.top_probabilities[k * kPixels + i], result.top_probabilities[(k - 1) * kPixels + i]);
      }
    }
    ASSERT_NEAR(sum, 1, 1e-5);
    ASSERT_TRUE(std::ranges::all_of(seen, [](bool is) { return is; }));
    ASSERT_NEAR(result.top_probabilities[i], result.confidence[i], 1e-4F);
    ties += result.top_labels[i] != result.labels8[i] ? 1 : 0;
  }
  EXPECT_LE(ties, 1U);
}

TEST_F(WantedTest, RejectedPixelsAreTheImprobableOnes) {
  Wanted wanted;
  wanted.confidence = true;
  const Segmentation all = Run(Part(64, 96), wanted);
  std::vector<float> sorted = all.confidence;
  std::ranges::sort(sorted);
  wanted.reject_below = static_cast<double>(sorted[sorted.size() / 3]);
  wanted.confidence = false;
  const Segmentation some = Run(Part(64, 96), wanted);
  EXPECT_TRUE(some.confidence.empty());
  for (size_t i = 0; i < all.labels8.size(); ++i) {
    const bool rejected = static_cast<double>(all.confidence[i]) < wanted.reject_below;
    ASSERT_EQ(some.labels8[i], rejected ? 255 : all.labels8[i]) << i;
  }
  const auto counts = CountPixels(some, 11);
  EXPECT_LT(std::accumulate(counts.begin(), counts.end(), int64_t{0}), 64 * 96);
}

TEST_F(WantedTest, WhatMakesNoSenseIsRefused) {
  Wanted wanted;
  wanted.top_k = 12;
  EXPECT_THROW(Run(Part(64, 64), wanted), Error);
  wanted.top_k = 0;
  wanted.reject_below = 1.5;
  EXPECT_THROW(Run(Part(64, 64), wanted), Error);
  SegmenterOptions options;
  options.scales = {1, 0};
  EXPECT_THROW(Run(Part(64, 64), {}, options), Error);
}

ImageSize SizeFor(const SegmenterOptions& options, ImageSize image, double scale = 1) {
  return ChooseNetworkSize(options, {}, image, scale).value();
}

TEST(NetworkSize, KeepsTheRatioAsMmsegDoes) {
  SegmenterOptions options;
  options.size = NetworkSize::kFixed;
  options.height = 512;
  options.width = 2048;
  options.keep_ratio = true;
  EXPECT_EQ(SizeFor(options, {360, 480}), (ImageSize{512, 683}));    // the shorter side decides
  EXPECT_EQ(SizeFor(options, {480, 360}), (ImageSize{683, 512}));    // either way round
  EXPECT_EQ(SizeFor(options, {100, 1000}), (ImageSize{205, 2048}));  // the longer side decides
  options.divisor = 32;
  EXPECT_EQ(SizeFor(options, {360, 480}), (ImageSize{512, 704}));
}

TEST(NetworkSize, ScalesAndRoundsUpTheImagesOwn) {
  SegmenterOptions options;
  EXPECT_EQ(SizeFor(options, {101, 200}, 0.5), (ImageSize{51, 100}));
  options.divisor = 32;
  EXPECT_EQ(SizeFor(options, {101, 200}, 1.5), (ImageSize{160, 320}));
  EXPECT_FALSE(ChooseNetworkSize({}, {}, {40, 100}, 0.5).ok());
}

// Against a plain mean of softmaxes over the two runs that the library makes of the image and its mirror
// image.
TEST_F(WantedTest, FlippingAveragesProbabilities) {
  constexpr int64_t kHeight = 64, kWidth = 90;
  const RgbView view = Part(kHeight, kWidth);
  const Image mirrored = Mirrored({view.data, view.height, view.width, view.stride_bytes});
  Wanted all;
  all.top_k = 11;
  const Segmentation one = Run(view, all);
  const Segmentation other = Run({mirrored.pixels.data(), kHeight, kWidth, 0}, all);
  SegmenterOptions options;
  options.flip = true;
  Wanted wanted;
  wanted.confidence = true;
  const Segmentation both = Run(view, wanted, options);
  constexpr size_t kPixels = kHeight * kWidth;
  size_t different = 0;
  for (size_t i = 0; i < kPixels; ++i) {
    const size_t mirror = i / kWidth * kWidth + (kWidth - 1 - i % kWidth);
    std::array<double, 11> mean = {};
    for (size_t k = 0; k < 11; ++k) {
      mean.at(one.top_labels[k * kPixels + i]) +=
          static_cast<double>(one.top_probabilities[k * kPixels + i]) / 2;
      mean.at(other.top_labels[k * kPixels + mirror]) +=
          static_cast<double>(other.top_probabilities[k * kPixels + mirror]) / 2;
    }
    const auto best = std::ranges::max_element(mean);
    ASSERT_NEAR(static_cast<double>(both.confidence[i]), *best, 1e-4);
    different += both.labels8[i] != best - mean.begin() ? 1 : 0;
  }
  EXPECT_LE(different, 1U);
}

TEST_F(WantedTest, ASingleScaleOfOneIsAPlainRun) {
  SegmenterOptions options;
  options.scales = {1, 1};
  const Segmentation twice = Run(Part(64, 70), {}, options);
  const Segmentation once = Run(Part(64, 70), {});
  size_t different = 0;
  for (size_t i = 0; i < once.labels8.size(); ++i) different += once.labels8[i] != twice.labels8[i] ? 1 : 0;
  EXPECT_LE(different, 1U);
}

// Images of several sizes in one call, in every way of running them.
TEST_F(WantedTest, ABatchIsItsImagesInEveryMode) {
  std::vector<SegmenterOptions> ways(5);
  ways[1].mode = InferenceMode::kSlide;
  ways[1].crop_height = ways[1].crop_width = 64;
  ways[1].stride_height = ways[1].stride_width = 40;
  ways[2].mode = InferenceMode::kTile;
  ways[2].tile = 64;
  ways[2].overlap = 16;
  ways[3].scales = {0.75, 1};
  ways[3].flip = true;
  ways[4] = ways[1];
  ways[4].scales = {1, 1.5};
  Wanted wanted;
  wanted.confidence = true;
  wanted.top_k = 3;
  wanted.reject_below = 0.6;
  const std::vector<RgbView> images = {Part(70, 96), Part(101, 64), Part(70, 96), Part(96, 70)};
  for (SegmenterOptions& options : ways) {
    SCOPED_TRACE(&options - ways.data());
    options.threads = 1;
    const Segmenter segmenter(kModel, options);
    const std::vector<Segmentation> batch = segmenter.RunBatch(images, wanted);
    ASSERT_EQ(batch.size(), images.size());
    for (size_t i = 0; i < images.size(); ++i) {
      const Segmentation single = segmenter.Run(images[i], wanted);
      EXPECT_EQ(batch[i].height, images[i].height);
      EXPECT_EQ(batch[i].labels8, single.labels8);
      EXPECT_EQ(batch[i].top_labels, single.top_labels);
      ASSERT_EQ(batch[i].confidence.size(), single.confidence.size());
      for (size_t k = 0; k < single.confidence.size(); ++k)
        ASSERT_NEAR(batch[i].confidence[k], single.confidence[k], 1e-4F);
    }
  }
}

}  // namespace
}  // namespace segforge
