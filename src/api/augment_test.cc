// Test-time augmentation against mmseg 1.x's rule, written down plainly over the logits of single runs: each
// run's logits are resized to its network input (bilinear, half-pixel centres), mirrored back, resized to the
// image, and the softmaxes are averaged; the label is the mean's argmax.
#include "api/augment.h"

#include <gtest/gtest.h>

#include <cmath>

#include "segforge/files.h"

namespace segforge {
namespace {

constexpr const char* kModel = SEGFORGE_SOURCE_DIR "/models/street-b0";
constexpr int64_t kClasses = 11;

struct Planes {  // [classes, height, width]
  int64_t height = 0, width = 0;
  std::vector<double> values;
  double& at(int64_t c, int64_t y, int64_t x) {
    return values[static_cast<size_t>((c * height + y) * width + x)];
  }
};

Planes MakePlanes(int64_t height, int64_t width) {
  return {height, width, std::vector<double>(static_cast<size_t>(kClasses * height * width))};
}

Planes Resized(Planes from, int64_t height, int64_t width) {
  Planes to = MakePlanes(height, width);
  const auto place = [](int64_t i, int64_t in, int64_t out) {
    return std::max(
        0.0, (static_cast<double>(i) + 0.5) * static_cast<double>(in) / static_cast<double>(out) - 0.5);
  };
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      const double v = place(y, from.height, height), u = place(x, from.width, width);
      const auto y0 = static_cast<int64_t>(v), x0 = static_cast<int64_t>(u);
      const int64_t y1 = std::min(y0 + 1, from.height - 1), x1 = std::min(x0 + 1, from.width - 1);
      const double fv = v - std::floor(v), fu = u - std::floor(u);
      for (int64_t c = 0; c < kClasses; ++c) {
        to.at(c, y, x) = (1 - fv) * ((1 - fu) * from.at(c, y0, x0) + fu * from.at(c, y0, x1)) +
                         fv * ((1 - fu) * from.at(c, y1, x0) + fu * from.at(c, y1, x1));
      }
    }
  }
  return to;
}

Planes MirroredBack(Planes from) {
  Planes to = from;
  for (int64_t c = 0; c < kClasses; ++c) {
    for (int64_t y = 0; y < from.height; ++y) {
      for (int64_t x = 0; x < from.width; ++x) to.at(c, y, x) = from.at(c, y, from.width - 1 - x);
    }
  }
  return to;
}

void AddSoftmax(Planes logits, Planes& sum) {
  for (int64_t y = 0; y < sum.height; ++y) {
    for (int64_t x = 0; x < sum.width; ++x) {
      double total = 0;
      for (int64_t c = 0; c < kClasses; ++c) total += std::exp(logits.at(c, y, x));
      for (int64_t c = 0; c < kClasses; ++c) sum.at(c, y, x) += std::exp(logits.at(c, y, x)) / total;
    }
  }
}

Planes LogitsOf(const Segmenter& segmenter, const ImageView& image) {
  const Segmentation run = segmenter.Run({image.data, image.height, image.width, image.stride_bytes}, {true});
  return {run.logits_height, run.logits_width, {run.logits.begin(), run.logits.end()}};
}

class AugmentTest : public ::testing::TestWithParam<InferenceMode> {};

TEST_P(AugmentTest, MergesAsMmsegDoes) {
  constexpr int64_t kHeight = 101, kWidth = 138;
  const RgbImage street = LoadImage(SEGFORGE_SOURCE_DIR "/models/street-b0/demo/street_day.jpg");
  const ImageView view = {street.pixels.data() + (300 * street.width + 200) * 3, kHeight, kWidth,
                          street.width * 3};
  SegmenterOptions options;
  options.threads = 1;
  options.mode = GetParam();
  options.crop_height = options.crop_width = 80;
  options.stride_height = options.stride_width = 60;
  const Segmenter single(kModel, options);
  Planes mean = MakePlanes(kHeight, kWidth);
  for (const auto& [height, width] : {std::pair{51, 69}, {101, 138}, {152, 207}}) {  // sides * scale + 1/2
    const Image image = Resize(view, {height, width}, Resample::kPillow);
    AddSoftmax(Resized(Resized(LogitsOf(single, image.view()), height, width), kHeight, kWidth), mean);
    const Planes mirrored = Resized(LogitsOf(single, Mirrored(image.view()).view()), height, width);
    AddSoftmax(Resized(MirroredBack(mirrored), kHeight, kWidth), mean);
  }
  options.scales = {0.5, 1, 1.5};
  options.flip = true;
  Wanted wanted;
  wanted.confidence = true;
  const Segmentation merged =
      Segmenter(kModel, options).Run({view.data, kHeight, kWidth, view.stride_bytes}, wanted);
  size_t different = 0;
  for (int64_t y = 0; y < kHeight; ++y) {
    for (int64_t x = 0; x < kWidth; ++x) {
      int best = 0;
      for (int c = 1; c < kClasses; ++c) best = mean.at(c, y, x) > mean.at(best, y, x) ? c : best;
      different += merged.LabelAt(y, x) != best ? 1 : 0;
      const float confidence = merged.confidence[static_cast<size_t>(y * kWidth + x)];
      ASSERT_NEAR(static_cast<double>(confidence), mean.at(best, y, x) / 6, 1e-4) << y << " " << x;
    }
  }
  EXPECT_LE(different, 1U);  // a tie that rounding decides
}

INSTANTIATE_TEST_SUITE_P(Modes, AugmentTest, ::testing::Values(InferenceMode::kWhole, InferenceMode::kSlide));

}  // namespace
}  // namespace segforge
