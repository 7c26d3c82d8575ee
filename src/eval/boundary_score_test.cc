#include "eval/boundary_score.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace segforge {
namespace {

struct Map {
  int64_t height;
  int64_t width;
  std::vector<uint16_t> labels;
  LabelView view() const { return {labels, height, width}; }
};

// Class 1 to the right of column `border`, class 0 to its left.
Map Halves(int64_t height, int64_t width, int64_t border) {
  Map map = {height, width, {}};
  for (int64_t i = 0; i < height * width; ++i) map.labels.push_back(i % width < border ? 0 : 1);
  return map;
}

double ScoreOf(const Map& truth, const Map& prediction, int classes, int tolerance, int ignore = 255) {
  BoundaryScore score(classes, tolerance, ignore);
  score.Add(truth.view(), prediction.view());
  return score.mean();
}

TEST(BoundaryScore, AShiftUpToTheToleranceIsForgiven) {
  const Map truth = Halves(20, 40, 20);
  EXPECT_EQ(ScoreOf(truth, truth, 2, 0), 1);
  EXPECT_EQ(ScoreOf(truth, Halves(20, 40, 23), 2, 3), 1);
  EXPECT_EQ(ScoreOf(truth, Halves(20, 40, 24), 2, 3), 0);
}

TEST(BoundaryScore, AClassThatIsMissedCountsAsZero) {
  const Map truth = Halves(20, 40, 20);
  const Map empty = Halves(20, 40, 40);
  EXPECT_EQ(ScoreOf(truth, empty, 2, 3), 0);
  BoundaryScore score(3, 3, 255);
  score.Add(empty.view(), empty.view());  // no boundary at all: the image does not count
  EXPECT_EQ(score.sums().images, 0);
  EXPECT_FALSE(score.OfClass(0).has_value());
}

TEST(BoundaryScore, IgnoredPixelsMakeNoBoundary) {
  Map truth = Halves(10, 30, 10);
  for (int64_t y = 0; y < 10; ++y) truth.labels[static_cast<size_t>(y * 30 + 20)] = 255;  // a void column
  Map prediction = Halves(10, 30, 10);
  for (int64_t y = 0; y < 10; ++y) prediction.labels[static_cast<size_t>(y * 30 + 20)] = 0;
  EXPECT_EQ(ScoreOf(truth, prediction, 2, 1), 1);
}

// The definition word for word, over all pairs of pixels.
double PlainScore(const Map& truth, const Map& prediction, int classes, int tolerance) {
  using Point = std::pair<int64_t, int64_t>;
  const auto boundary = [](const Map& map, int label) {
    std::set<Point> points;
    for (int64_t y = 0; y < map.height; ++y) {
      for (int64_t x = 0; x < map.width; ++x) {
        if (map.view().At(y, x) != label) continue;
        for (const auto& [ny, nx] : {Point{y - 1, x}, Point{y + 1, x}, Point{y, x - 1}, Point{y, x + 1}}) {
          const bool inside = ny >= 0 && nx >= 0 && ny < map.height && nx < map.width;
          if (inside && map.view().At(ny, nx) != label) points.insert({y, x});
        }
      }
    }
    return points;
  };
  const auto share = [tolerance](const std::set<Point>& of, const std::set<Point>& in) {
    double near = 0;
    for (const auto& [y, x] : of) {
      bool found = false;
      for (const auto& [v, u] : in)
        found = found || (y - v) * (y - v) + (x - u) * (x - u) <= int64_t{tolerance} * tolerance;
      near += found ? 1 : 0;
    }
    return of.empty() ? 0 : near / static_cast<double>(of.size());
  };
  double sum = 0;
  int present = 0;
  for (int c = 0; c < classes; ++c) {
    const auto expected = boundary(truth, c);
    const auto got = boundary(prediction, c);
    if (expected.empty() && got.empty()) continue;
    const double p = share(got, expected);
    const double r = share(expected, got);
    sum += p + r == 0 ? 0 : 2 * p * r / (p + r);
    ++present;
  }
  return sum / present;
}

TEST(BoundaryScore, EqualsAPlainReimplementation) {
  std::mt19937 random(7);
  for (const int tolerance : {0, 1, 2, 3}) {
    Map truth = {24, 31, {}};
    Map prediction = truth;
    for (int64_t i = 0; i < 24 * 31; ++i) {
      const auto blob = static_cast<uint16_t>((i / 31 / 6 + i % 31 / 8) % 4);
      truth.labels.push_back(blob);
      prediction.labels.push_back(random() % 10 == 0 ? static_cast<uint16_t>(random() % 4) : blob);
    }
    EXPECT_NEAR(ScoreOf(truth, prediction, 4, tolerance), PlainScore(truth, prediction, 4, tolerance), 1e-12);
  }
}

TEST(BoundaryScore, RestoreChecksWhatItGets) {
  BoundaryScore score(2, 3, 255);
  EXPECT_FALSE(score.Restore({{1, 1, 1}, {1, 1, 1}, 1, 1}).ok());
  EXPECT_FALSE(score.Restore({{5, 1}, {1, 1}, 1, 1}).ok());
  EXPECT_FALSE(score.Restore({{1, 1}, {1, -1}, 1, 1}).ok());
  ASSERT_TRUE(score.Restore({{0.5, 1}, {1, 2}, 1.5, 2}).ok());
  EXPECT_EQ(score.mean(), 0.75);
}

}  // namespace
}  // namespace segforge
