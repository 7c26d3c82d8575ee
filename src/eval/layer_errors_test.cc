#include "eval/layer_errors.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace segforge {
namespace {

TEST(LayerErrors, AreRelativeToTheGreatestMagnitude) {
  const std::vector<float> reference = {1, -4, 0.5F};
  const LayerError error = CompareLayer(std::vector<float>{1.5F, -4, 0.5F}, reference);
  EXPECT_DOUBLE_EQ(error.max_error, 0.5);
  EXPECT_DOUBLE_EQ(error.relative_error, 0.125);
  EXPECT_EQ(CompareLayer(reference, reference).relative_error, 0);
  const std::vector<float> broken = {1, std::numeric_limits<float>::quiet_NaN(), 0};
  EXPECT_TRUE(std::isinf(CompareLayer(broken, reference).relative_error));
}

TEST(LayerErrors, TheFirstJumpIsFound) {
  EXPECT_EQ(FirstJump(std::vector<double>{1e-6, 2e-6, 3e-6, 5e-5, 6e-5}), 3U);
  EXPECT_EQ(FirstJump(std::vector<double>{1e-6, 2e-6, 4e-6, 8e-6, 1.6e-5}), std::nullopt);  // steady growth
  EXPECT_EQ(FirstJump(std::vector<double>{0, 0, 5e-6, 0}), std::nullopt);                   // rounding
  EXPECT_EQ(FirstJump(std::vector<double>{2e-2}), 0U);
  EXPECT_EQ(FirstJump(std::vector<double>{}), std::nullopt);
}

}  // namespace
}  // namespace segforge
