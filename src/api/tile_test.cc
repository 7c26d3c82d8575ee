#include "api/tile.h"

#include <gtest/gtest.h>

#include <cmath>

#include "segforge/files.h"

namespace segforge {
namespace {

constexpr const char* kModel = SEGFORGE_SOURCE_DIR "/models/street-b0";

class TileTest : public ::testing::Test {
 protected:
  RgbView Part(int64_t height, int64_t width) const {
    return {image_.pixels.data() + (250 * image_.width + 100) * 3, height, width, image_.width * 3};
  }
  static SegmenterOptions Tiled(int64_t tile, int64_t overlap) {
    SegmenterOptions options;
    options.threads = 1;
    options.mode = InferenceMode::kTile;
    options.tile = tile;
    options.overlap = overlap;
    return options;
  }
  static Segmentation Run(const RgbView& view, const SegmenterOptions& options, bool all = true) {
    Wanted wanted;
    wanted.confidence = all;
    wanted.top_k = all ? 11 : 0;
    return Segmenter(kModel, options).Run(view, wanted);
  }
  RgbImage image_ = LoadImage(SEGFORGE_SOURCE_DIR "/models/street-b0/demo/street_day.jpg");
};

TEST_F(TileTest, OneTileIsTheWholeImage) {
  SegmenterOptions whole;
  whole.threads = 1;
  const Segmentation expected = Run(Part(96, 132), whole);
  const Segmentation tiled = Run(Part(96, 132), Tiled(256, 64));
  EXPECT_EQ(tiled.labels8, expected.labels8);
  EXPECT_EQ(tiled.top_labels, expected.top_labels);
  for (size_t i = 0; i < expected.confidence.size(); ++i) {
    ASSERT_NEAR(tiled.confidence[i], expected.confidence[i], 1e-5F);
  }
}

// The same blend of the same tiles with all logits in memory, upsampled at once, in float64.
TEST_F(TileTest, BandsAreThoseOfAllLogitsAtOnce) {
  constexpr int64_t kHeight = 277, kWidth = 158, kTile = 96, kOverlap = 32;
  constexpr int64_t kRows = 70, kColumns = 40, kClasses = 11;  // of logits, every 4 pixels
  const RgbView view = Part(kHeight, kWidth);
  RgbImage padded = {kRows * 4, kColumns * 4, {}};
  for (int64_t y = 0; y < padded.height; ++y) {
    for (int64_t x = 0; x < padded.width; ++x) {
      const uint8_t* pixel =
          view.data + std::min(y, kHeight - 1) * view.stride_bytes + std::min(x, kWidth - 1) * 3;
      padded.pixels.insert(padded.pixels.end(), pixel, pixel + 3);
    }
  }
  std::vector<double> sum(kRows * kColumns * kClasses), weights(kRows * kColumns);
  SegmenterOptions whole;
  whole.threads = 1;
  const Segmenter segmenter(kModel, whole);
  for (const int64_t y : {0, 64, 128, 184}) {
    for (const int64_t x : {0, 64}) {
      const RgbView tile = {padded.pixels.data() + (y * padded.width + x) * 3, kTile, kTile,
                            padded.width * 3};
      const Segmentation result = segmenter.Run(tile, {true, false});
      for (int64_t i = 0; i < 24 * 24; ++i) {
        const double weight =
            static_cast<double>(BlendWeight(i / 24, 24, 8)) * static_cast<double>(BlendWeight(i % 24, 24, 8));
        const auto at = static_cast<size_t>((y / 4 + i / 24) * kColumns + x / 4 + i % 24);
        weights[at] += weight;
        for (size_t c = 0; c < kClasses; ++c) {
          sum[at * kClasses + c] +=
              weight * static_cast<double>(result.logits[c * 576 + static_cast<size_t>(i)]);
        }
      }
    }
  }
  const Segmentation tiled = Run(view, Tiled(kTile, kOverlap), false);
  size_t different = 0;
  for (int64_t y = 0; y < kHeight; ++y) {
    for (int64_t x = 0; x < kWidth; ++x) {
      const double v = std::max(0.0, (static_cast<double>(y) + 0.5) / 4 - 0.5);
      const double u = std::max(0.0, (static_cast<double>(x) + 0.5) / 4 - 0.5);
      const auto at = [&](int64_t row, int64_t column, int64_t c) {
        const int64_t i = std::min(row, kRows - 1) * kColumns + std::min(column, kColumns - 1);
        return sum[static_cast<size_t>(i * kClasses + c)] / weights[static_cast<size_t>(i)];
      };
      const auto row = static_cast<int64_t>(v), column = static_cast<int64_t>(u);
      const double fv = v - std::floor(v), fu = u - std::floor(u);
      int64_t best = 0;
      double top = -1e30;
      for (int64_t c = 0; c < kClasses; ++c) {
        const double value = (1 - fv) * ((1 - fu) * at(row, column, c) + fu * at(row, column + 1, c)) +
                             fv * ((1 - fu) * at(row + 1, column, c) + fu * at(row + 1, column + 1, c));
        if (value <= top) continue;
        top = value;
        best = c;
      }
      different += tiled.LabelAt(y, x) != best ? 1 : 0;
    }
  }
  EXPECT_LE(different, 2U);  // ties that rounding decides
}

TEST_F(TileTest, MemoryIsKeptOrRefused) {
  SegmenterOptions options = Tiled(512, 64);
  options.max_memory_bytes = int64_t{12} << 20;
  EXPECT_LT(Run(Part(450, 600), options, false).network_height, 450);  // smaller tiles than asked for
  options.max_memory_bytes = 1 << 20;
  EXPECT_THROW(Run(Part(450, 600), options, false), Error);
}

TEST_F(TileTest, WhatDoesNotGoTogetherIsRefused) {
  EXPECT_THROW(Segmenter(kModel, Tiled(100, 0)), Error);
  EXPECT_THROW(Segmenter(kModel, Tiled(128, 68)), Error);
  SegmenterOptions flipped = Tiled(128, 64);
  flipped.flip = true;
  EXPECT_THROW(Segmenter(kModel, flipped), Error);
  EXPECT_THROW(Segmenter(kModel, Tiled(128, 64)).Run(Part(64, 64), {true, false}), Error);
}

}  // namespace
}  // namespace segforge
