#include "base/dtype.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace segforge {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct Narrow {
  float (*widen)(uint16_t);
  uint16_t (*round)(float);
  uint16_t infinity;
};
constexpr Narrow kHalf = {FloatFromHalf, HalfFromFloat, 0x7C00};
constexpr Narrow kBfloat16 = {FloatFromBfloat16, Bfloat16FromFloat, 0x7F80};

class RoundingTest : public testing::TestWithParam<Narrow> {};

// Every value comes back, and between any two neighbours the nearer one is taken, the even one half-way.
TEST_P(RoundingTest, TakesTheNearestTiesToEven) {
  const Narrow& type = GetParam();
  for (uint16_t low = 0; low + 1 < type.infinity; ++low) {
    const auto high = static_cast<uint16_t>(low + 1);
    const float a = type.widen(low), b = type.widen(high);
    const float middle = a + (b - a) / 2;
    ASSERT_EQ(type.round(a), low);
    ASSERT_EQ(type.round(middle), low % 2 == 0 ? low : high) << middle;
    ASSERT_EQ(type.round(std::nextafter(middle, a)), low) << middle;
    ASSERT_EQ(type.round(std::nextafter(middle, b)), high) << middle;
    ASSERT_EQ(type.round(-a), low | 0x8000);
    ASSERT_EQ(type.round(-middle), type.round(middle) | 0x8000);
  }
}

TEST_P(RoundingTest, KeepsInfinityAndNan) {
  const Narrow& type = GetParam();
  EXPECT_EQ(type.round(kInfinity), type.infinity);
  EXPECT_EQ(type.round(std::numeric_limits<float>::max()), type.infinity);
  EXPECT_EQ(type.widen(type.round(-kInfinity)), -kInfinity);
  EXPECT_TRUE(std::isnan(type.widen(type.round(std::numeric_limits<float>::quiet_NaN()))));
  EXPECT_TRUE(std::isnan(type.widen(type.round(std::numeric_limits<float>::signaling_NaN()))));
}

TEST(HalfFromFloat, OverflowsHalfWayToTheNextPowerOfTwo) {
  EXPECT_EQ(HalfFromFloat(65504), 0x7BFF);
  EXPECT_EQ(HalfFromFloat(std::nextafter(65520.0f, 0.0f)), 0x7BFF);
  EXPECT_EQ(HalfFromFloat(65520), 0x7C00);
  EXPECT_EQ(HalfFromFloat(65536), 0x7C00);
}

INSTANTIATE_TEST_SUITE_P(Half, RoundingTest, testing::Values(kHalf));
INSTANTIATE_TEST_SUITE_P(Bfloat16, RoundingTest, testing::Values(kBfloat16));

}  // namespace
}  // namespace segforge
