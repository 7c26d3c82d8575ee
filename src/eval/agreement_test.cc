#include "eval/agreement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "backend/labels.h"
#include "eval/class_border.h"
#include "eval/margin.h"

namespace segforge {
namespace {

constexpr int64_t kClasses = 3;
constexpr int64_t kHeight = 12;
constexpr int64_t kWidth = 16;

// Logits [3, 3, 4] and the labels of their upsampling to 12 x 16.
struct Made {
  std::vector<float> logits;
  std::vector<uint16_t> labels;
  ResultView view() const { return {{labels, kHeight, kWidth}, {logits, kClasses, 3, 4}}; }
};

Made Make(float scale) {
  Made made;
  for (int i = 0; i < 36; ++i) made.logits.push_back(scale * std::sin(static_cast<float>(i * i)));
  std::vector<float> last(36);
  for (size_t c = 0; c < 3; ++c) {
    for (size_t i = 0; i < 12; ++i) last[i * 3 + c] = made.logits[c * 12 + i];
  }
  std::vector<uint8_t> labels(kHeight * kWidth);
  ThreadPool pool(1);
  LabelMaps maps;
  maps.labels = {labels.data(), DType::kU8, Shape{kHeight, kWidth}};
  RefUpsampleArgmax({last.data(), DType::kF32, Shape{3, 4, kClasses}}, maps, pool);
  made.labels.assign(labels.begin(), labels.end());
  return made;
}

TEST(Agreement, OfAResultWithItselfIsPerfect) {
  const Made made = Make(3);
  AgreementMeter meter(kClasses);
  const auto agreement = meter.Add(made.view(), made.view());
  ASSERT_TRUE(agreement.ok());
  EXPECT_EQ(agreement->a0(), 0);
  EXPECT_EQ(agreement->logits->r0, 0);
  EXPECT_EQ(agreement->logits->max_error, 0);
  EXPECT_NEAR(agreement->logits->cosine, 1, 1e-12);
  EXPECT_EQ(agreement->scores.mean_iou, 1);
  EXPECT_FALSE(agreement->margin.has_value());
}

TEST(Agreement, ErrorsAreWhatTheyAreDefinedToBe) {
  const Made reference = Make(3);
  Made candidate = reference;
  for (float& value : candidate.logits) value *= 1.01F;  // every relative difference is 0.01
  candidate.logits[5] = reference.logits[5] + 2;
  AgreementMeter meter(kClasses);
  const auto agreement = meter.Add(candidate.view(), reference.view());
  ASSERT_TRUE(agreement.ok());
  EXPECT_NEAR(agreement->logits->r0, 0.01, 1e-5);
  EXPECT_NEAR(agreement->logits->max_error, 2, 1e-5);
  double sum = 0;
  for (size_t i = 0; i < 36; ++i)
    sum += std::fabs(static_cast<double>(candidate.logits[i]) - static_cast<double>(reference.logits[i]));
  EXPECT_NEAR(agreement->logits->mean_error, sum / 36, 1e-9);
  EXPECT_NEAR(meter.Total().logits->r0, 0.01, 0.01 / 128);  // a percentile of the histogram
}

TEST(Agreement, FlipsAreCountedAtBordersAndInside) {
  Made reference = Make(1);
  for (size_t i = 0; i < reference.labels.size(); ++i) reference.labels[i] = i % kWidth < 8 ? 0 : 1;
  reference.logits.clear();
  Made candidate = reference;
  candidate.labels[0] = 2;       // 8 columns from the border
  candidate.labels[5] = 2;       // the third column from it
  candidate.labels[4] = 2;       // the fourth
  candidate.labels[kWidth] = 1;  // far
  AgreementMeter meter(kClasses);
  const auto agreement = meter.Add(candidate.view(), reference.view());
  ASSERT_TRUE(agreement.ok());
  EXPECT_EQ(agreement->flipped, 4);
  EXPECT_EQ(agreement->border_pixels, 6 * kHeight);
  EXPECT_EQ(agreement->border_flipped, 1);
  EXPECT_FALSE(agreement->logits.has_value());
  EXPECT_FALSE(agreement->margin.has_value());
  EXPECT_DOUBLE_EQ(*agreement->scores.classes[1].iou, 96.0 / 97.0);
}

TEST(Agreement, NearBorderIsASquareAroundOtherLabels) {
  std::vector<uint16_t> labels(15 * 15);
  labels[7 * 15 + 7] = 1;
  const auto near = NearBorder({labels, 15, 15}, 3);
  for (int64_t y = 0; y < 15; ++y) {
    for (int64_t x = 0; x < 15; ++x) {
      const bool expected = std::abs(y - 7) <= 3 && std::abs(x - 7) <= 3;
      EXPECT_EQ(near[static_cast<size_t>(y * 15 + x)], expected ? 1 : 0) << y << " " << x;
    }
  }
}

// Where the margin is clear, its class is what the label kernel chose; so both upsample alike.
TEST(Agreement, MarginsAreOfTheUpsampledLogits) {
  const Made made = Make(2);
  const LogitView logits = made.view().logits;
  for (int64_t y = 0; y < kHeight; ++y) {
    for (int64_t x = 0; x < kWidth; ++x) {
      Made raised = made;
      const size_t label = made.labels[static_cast<size_t>(y * kWidth + x)];
      for (size_t i = 0; i < 12; ++i) raised.logits[label * 12 + i] += 1;
      const float margin = TopTwoMargin(logits, kHeight, kWidth, y, x);
      EXPECT_GE(margin, 0);
      EXPECT_NEAR(TopTwoMargin(raised.view().logits, kHeight, kWidth, y, x), margin + 1, 1e-5);
    }
  }
  Made candidate = made;
  candidate.labels[7] = (made.labels[7] + 1) % kClasses;
  AgreementMeter meter(kClasses);
  const auto agreement = meter.Add(candidate.view(), made.view());
  ASSERT_TRUE(agreement.ok() && agreement->margin);
  EXPECT_NEAR(agreement->margin->max, static_cast<double>(TopTwoMargin(logits, kHeight, kWidth, 0, 7)), 1e-6);
}

TEST(Agreement, ANanIsNeverGood) {
  const Made reference = Make(1);
  Made candidate = reference;
  for (float& value : candidate.logits) value = std::numeric_limits<float>::quiet_NaN();
  AgreementMeter meter(kClasses);
  const auto agreement = meter.Add(candidate.view(), reference.view());
  ASSERT_TRUE(agreement.ok());
  EXPECT_TRUE(std::isinf(agreement->logits->r0));
  EXPECT_FALSE(agreement->logits->max_error <= 1e30);
}

TEST(Agreement, OtherSizesAreRefused) {
  const Made made = Make(1);
  AgreementMeter meter(kClasses);
  ResultView turned = made.view();
  std::swap(turned.labels.height, turned.labels.width);
  EXPECT_THAT(meter.Add(made.view(), turned).status().message(), testing::HasSubstr("got 16x12"));
  turned = made.view();
  std::swap(turned.logits.height, turned.logits.width);
  EXPECT_THAT(meter.Add(made.view(), turned).status().message(), testing::HasSubstr("[3, 3, 4]"));
  EXPECT_EQ(meter.Total().pixels, 0);
}

TEST(ErrorHistogram, PercentilesAreWithinTheirBucket) {
  ErrorHistogram histogram;
  EXPECT_EQ(histogram.Percentile(0.5), 0);
  for (int i = 1; i <= 1000; ++i) histogram.Add(static_cast<float>(i) * 1e-3F);
  EXPECT_NEAR(histogram.Percentile(0.5), 0.5, 0.5 / 128);
  EXPECT_NEAR(histogram.Percentile(0.99), 0.99, 0.99 / 128);
  EXPECT_FLOAT_EQ(static_cast<float>(histogram.Percentile(1)), 1);
  histogram.Add(std::numeric_limits<float>::quiet_NaN());
  EXPECT_TRUE(std::isinf(histogram.Percentile(1)));
}

}  // namespace
}  // namespace segforge
