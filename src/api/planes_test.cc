#include "api/planes.h"

#include <gtest/gtest.h>

namespace segforge {
namespace {

TEST(Planes, ThereAndBackOfSeveralImages) {
  // Two images of 1 x 2 pixels with 3 channels.
  const std::vector<float> values = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  const Tensor maps = Tensor::From<float>({2, 1, 2, 3}, values);
  const Tensor planes = ToPlanes(maps.view());
  EXPECT_EQ(planes.shape(), (Shape{2, 3, 1, 2}));
  const std::vector<float> expected = {1, 4, 2, 5, 3, 6, 7, 10, 8, 11, 9, 12};
  EXPECT_TRUE(std::equal(expected.begin(), expected.end(), planes.span<float>().begin()));
  const Tensor back = FromPlanes(planes.view());
  EXPECT_EQ(back.shape(), maps.shape());
  EXPECT_TRUE(std::equal(values.begin(), values.end(), back.span<float>().begin()));
}

}  // namespace
}  // namespace segforge
