#include "image/polygons.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <string>

namespace segforge {
namespace {

using ::testing::ElementsAre;

constexpr int kIgnored = 255;

Tensor Labels(const std::vector<std::string>& rows) {
  Tensor labels(DType::kU8, {static_cast<int64_t>(rows.size()), static_cast<int64_t>(rows[0].size())});
  size_t i = 0;
  for (const std::string& row : rows) {
    for (const char c : row) labels.span<uint8_t>()[i++] = c == '.' ? 255 : static_cast<uint8_t>(c - '0');
  }
  return labels;
}

// Whether the centre of pixel (x, y) is inside: an odd number of the rings' vertical edges lies to its right.
bool Covers(const LabelPolygon& polygon, int64_t x, int64_t y) {
  bool inside = false;
  for (const Ring& ring : polygon.rings) {
    for (size_t i = 0; i < ring.size(); ++i) {
      const Corner a = ring[i];
      const Corner b = ring[(i + 1) % ring.size()];
      if (a.x == b.x && a.x > x && std::min(a.y, b.y) <= y && y < std::max(a.y, b.y)) inside = !inside;
    }
  }
  return inside;
}

// Twice the area, positive when clockwise with y down.
int64_t SignedArea2(const Ring& ring) {
  int64_t area = 0;
  for (size_t i = 0; i < ring.size(); ++i) {
    const Corner a = ring[i];
    const Corner b = ring[(i + 1) % ring.size()];
    area += static_cast<int64_t>(a.x) * b.y - static_cast<int64_t>(b.x) * a.y;
  }
  return area;
}

void ExpectRoundTrip(const Tensor& labels) {
  const auto polygons = TracePolygons(labels.view(), kIgnored);
  const int64_t height = labels.shape()[0], width = labels.shape()[1];
  std::vector<int> filled(static_cast<size_t>(height * width), kIgnored);
  for (const LabelPolygon& polygon : polygons) {
    int64_t area2 = 0;
    for (const Ring& ring : polygon.rings) {
      area2 += SignedArea2(ring);
      EXPECT_EQ(SignedArea2(ring) > 0, &ring == &polygon.rings.front());
      for (size_t i = 0; i < ring.size(); ++i) {  // corners where it turns alone
        const Corner a = ring[i], b = ring[(i + 1) % ring.size()], c = ring[(i + 2) % ring.size()];
        EXPECT_NE(a.x == b.x, b.x == c.x);
      }
    }
    EXPECT_EQ(area2, 2 * polygon.pixels);
    const auto& [left, top, box_width, box_height] = polygon.box;
    for (int64_t y = top; y < top + box_height; ++y) {
      for (int64_t x = left; x < left + box_width; ++x) {
        if (!Covers(polygon, x, y)) continue;
        int& value = filled[static_cast<size_t>(y * width + x)];
        EXPECT_EQ(value, kIgnored) << "two polygons cover " << x << ", " << y;
        value = polygon.label;
      }
    }
  }
  for (size_t i = 0; i < filled.size(); ++i) ASSERT_EQ(filled[i], labels.span<uint8_t>()[i]) << i;
}

TEST(Polygons, OfASquareAreItsCorners) {
  const auto polygons = TracePolygons(Labels({"...", ".1.", "..."}).view(), kIgnored);
  ASSERT_EQ(polygons.size(), 1U);
  EXPECT_EQ(polygons[0].label, 1);
  EXPECT_EQ(polygons[0].pixels, 1);
  EXPECT_THAT(polygons[0].box, ElementsAre(1, 1, 1, 1));
  ASSERT_EQ(polygons[0].rings.size(), 1U);
  EXPECT_THAT(polygons[0].rings[0], ElementsAre(Corner{1, 1}, Corner{2, 1}, Corner{2, 2}, Corner{1, 2}));
}

TEST(Polygons, HaveHolesAndIslandsInThem) {
  const Tensor labels = Labels({"11111", "1...1", "1.1.1", "1...1", "11111"});
  const auto polygons = TracePolygons(labels.view(), kIgnored);
  ASSERT_EQ(polygons.size(), 2U);
  EXPECT_EQ(polygons[0].rings.size(), 2U);
  EXPECT_EQ(polygons[0].pixels, 16);
  EXPECT_EQ(polygons[1].rings.size(), 1U);
  ExpectRoundTrip(labels);
}

TEST(Polygons, PixelsThatTouchAtACornerAreApart) {
  const Tensor labels = Labels({"1.1", ".1.", "1.1"});
  EXPECT_EQ(TracePolygons(labels.view(), kIgnored).size(), 5U);
  ExpectRoundTrip(labels);
  // A hole whose pixels touch at a corner only is one ring, or two: filled by the same pixels in any case.
  ExpectRoundTrip(Labels({"1111", "1.11", "11.1", "1111"}));
}

TEST(Polygons, FillToTheLabelsTheyWereTracedFrom) {
  uint32_t state = 7;
  for (int round = 0; round < 40; ++round) {
    const int64_t height = 1 + round % 13, width = 1 + round * 7 % 29;
    Tensor labels(DType::kU8, {height, width});
    for (uint8_t& label : labels.span<uint8_t>()) {
      state = state * 1664525u + 1013904223u;
      label = (state >> 24) % 4 == 3 ? 255 : static_cast<uint8_t>((state >> 24) % 4);
    }
    ExpectRoundTrip(labels);
  }
}

TEST(RunLengths, GoDownTheColumns) {
  const Tensor labels = Labels({"1.1", "11.", "..."});
  EXPECT_THAT(RunLengths(labels.view(), 1), ElementsAre(0, 2, 2, 1, 1, 1, 2));
  EXPECT_THAT(RunLengths(labels.view(), 0), ElementsAre(9));
}

}  // namespace
}  // namespace segforge
