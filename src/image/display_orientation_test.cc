#include "image/display_orientation.h"

#include <gtest/gtest.h>

#include <array>

#include "image/orientation.h"

namespace segforge {
namespace {

constexpr int32_t kOne = 1 << 16;

// Where the matrix sends a 3x2 picture's corner pixels, moved back to begin at 0, must be where Upright()
// puts them.
void ExpectSameAsMatrix(int32_t a, int32_t b, int32_t c, int32_t d) {
  const std::array<int32_t, 9> matrix = {a * kOne, b * kOne, 0, c * kOne, d * kOne, 0, 0, 0, 1 << 30};
  Image image = {2, 3, {}};
  for (uint8_t i = 0; i < 6; ++i) image.pixels.insert(image.pixels.end(), 3, i);
  const auto upright = Upright(image, OrientationOf(matrix.data()));
  ASSERT_TRUE(upright.ok());
  const int64_t least_x = std::min(0, a * 2) + std::min(0, c * 1);
  const int64_t least_y = std::min(0, b * 2) + std::min(0, d * 1);
  for (int64_t y = 0; y < 2; ++y) {
    for (int64_t x = 0; x < 3; ++x) {
      const int64_t to_x = a * x + c * y - least_x, to_y = b * x + d * y - least_y;
      EXPECT_EQ(upright->pixels[static_cast<size_t>((to_y * upright->width + to_x) * 3)], y * 3 + x)
          << a << b << c << d;
    }
  }
}

TEST(DisplayOrientation, IsThatOfTheMatrix) {
  for (const int32_t p : {1, -1}) {
    for (const int32_t q : {1, -1}) {
      ExpectSameAsMatrix(p, 0, 0, q);
      ExpectSameAsMatrix(0, p, q, 0);
    }
  }
}

TEST(DisplayOrientation, NoMatrixIsUpright) { EXPECT_EQ(OrientationOf(nullptr), 1); }

}  // namespace
}  // namespace segforge
