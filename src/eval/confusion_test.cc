#include "eval/confusion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

namespace segforge {
namespace {

using testing::HasSubstr;

struct Map {
  int64_t height;
  int64_t width;
  std::vector<uint16_t> labels;
  LabelView view() const { return {labels, height, width}; }
};

Map RandomMap(int64_t height, int64_t width, int classes, uint32_t seed) {
  std::mt19937 random(seed);
  Map map = {height, width, {}};
  for (int64_t i = 0; i < height * width; ++i)
    map.labels.push_back(static_cast<uint16_t>(random() % static_cast<uint32_t>(classes)));
  return map;
}

// By sets of pixels, as the measures are defined.
double PlainIou(const Map& truth, const Map& prediction, int ignore, int label) {
  std::set<size_t> expected;
  std::set<size_t> got;
  for (size_t i = 0; i < truth.labels.size(); ++i) {
    if (truth.labels[i] == ignore) continue;
    if (truth.labels[i] == label) expected.insert(i);
    if (prediction.labels[i] == label) got.insert(i);
  }
  std::set<size_t> either = expected;
  either.insert(got.begin(), got.end());
  size_t both = 0;
  for (const size_t i : expected) both += got.count(i);
  return static_cast<double>(both) / static_cast<double>(either.size());
}

TEST(Confusion, EqualsAPlainReimplementation) {
  constexpr int kClasses = 5;
  constexpr int kIgnore = 5;  // the label after the last class, as CamVid has it
  ConfusionMatrix matrix(kClasses, kIgnore);
  Map all_truth = {0, 1, {}};
  Map all_predicted = {0, 1, {}};
  for (uint32_t image = 0; image < 4; ++image) {
    const Map truth = RandomMap(13, 17 + image, kClasses + 1, image);
    const Map prediction = RandomMap(13, 17 + image, kClasses, 100 + image);
    ASSERT_TRUE(matrix.Add(truth.view(), prediction.view()).ok());
    all_truth.labels.insert(all_truth.labels.end(), truth.labels.begin(), truth.labels.end());
    all_predicted.labels.insert(all_predicted.labels.end(), prediction.labels.begin(),
                                prediction.labels.end());
  }
  int64_t hits = 0;
  int64_t pixels = 0;
  for (int t = 0; t < kClasses; ++t) {
    for (int p = 0; p < kClasses; ++p) {
      int64_t count = 0;
      for (size_t i = 0; i < all_truth.labels.size(); ++i)
        count += all_truth.labels[i] == t && all_predicted.labels[i] == p ? 1 : 0;
      EXPECT_EQ(matrix.At(t, p), count);
      pixels += count;
      hits += t == p ? count : 0;
    }
  }
  const Scores scores = Score(matrix);
  double sum = 0;
  for (int c = 0; c < kClasses; ++c) {
    const double iou = PlainIou(all_truth, all_predicted, kIgnore, c);
    EXPECT_DOUBLE_EQ(*scores.classes[static_cast<size_t>(c)].iou, iou);
    sum += iou;
  }
  EXPECT_DOUBLE_EQ(scores.mean_iou, sum / kClasses);
  EXPECT_EQ(scores.pixels, pixels);
  EXPECT_DOUBLE_EQ(scores.pixel_accuracy, static_cast<double>(hits) / static_cast<double>(pixels));
}

TEST(Confusion, MeansLeaveOutClassesThatDoNotOccur) {
  ConfusionMatrix matrix(4, 255);
  // Class 0: three right, one seen as 2; class 1: right; class 2 is only predicted; class 3 is nowhere.
  const Map truth = {2, 3, {0, 0, 0, 0, 1, 255}};
  const Map prediction = {2, 3, {0, 0, 0, 2, 1, 3}};
  ASSERT_TRUE(matrix.Add(truth.view(), prediction.view()).ok());
  const Scores scores = Score(matrix);
  EXPECT_DOUBLE_EQ(*scores.classes[0].iou, 0.75);
  EXPECT_DOUBLE_EQ(*scores.classes[1].iou, 1);
  EXPECT_DOUBLE_EQ(*scores.classes[2].iou, 0);
  EXPECT_FALSE(scores.classes[2].accuracy.has_value());
  EXPECT_FALSE(scores.classes[3].iou.has_value());
  EXPECT_DOUBLE_EQ(scores.mean_iou, 1.75 / 3);
  EXPECT_DOUBLE_EQ(scores.mean_accuracy, 1.75 / 2);
  EXPECT_DOUBLE_EQ(scores.pixel_accuracy, 0.8);
}

TEST(Confusion, RefusesWhatItCannotCountAndCountsNothing) {
  ConfusionMatrix matrix(3, 255);
  const Map good = {1, 4, {0, 1, 2, 255}};
  const Map outside = {1, 4, {0, 1, 3, 255}};
  EXPECT_THAT(matrix.Add(outside.view(), good.view()).message(),
              HasSubstr("label 3 at (2, 0) (x, y): expected a class 0 to 2, or 255"));
  EXPECT_THAT(matrix.Add(good.view(), outside.view()).message(), HasSubstr("predicted labels"));
  EXPECT_THAT(matrix.Add(Map{2, 2, {0, 1, 2, 2}}.view(), good.view()).message(),
              HasSubstr("expected 1x4 (height x width) as the image, got 2x2"));
  for (const int64_t count : matrix.counts()) EXPECT_EQ(count, 0);
  EXPECT_TRUE(matrix.Add(good.view(), Map{1, 4, {0, 1, 2, 2}}.view()).ok());
}

TEST(Confusion, RestoreChecksWhatItGets) {
  ConfusionMatrix matrix(2, 255);
  EXPECT_FALSE(matrix.Restore({1, 2, 3}).ok());
  EXPECT_FALSE(matrix.Restore({1, 2, 3, -4}).ok());
  ASSERT_TRUE(matrix.Restore({1, 2, 3, 4}).ok());
  EXPECT_EQ(matrix.At(1, 0), 3);
}

}  // namespace
}  // namespace segforge
