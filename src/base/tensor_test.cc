#include "base/tensor.h"

#include <gtest/gtest.h>

#include <limits>

namespace segforge {
namespace {

TEST(DType, HalfIsExact) {
  EXPECT_EQ(FloatFromHalf(0x3C00), 1.0f);
  EXPECT_EQ(FloatFromHalf(0xC000), -2.0f);
  EXPECT_EQ(FloatFromHalf(0x7BFF), 65504.0f);
  EXPECT_EQ(FloatFromHalf(0x0001), 0x1p-24f);
  EXPECT_EQ(FloatFromHalf(0x8001), -0x1p-24f);
  EXPECT_TRUE(std::signbit(FloatFromHalf(0x8000)));
  EXPECT_EQ(FloatFromHalf(0x7C00), std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(FloatFromHalf(0x7E00)));
}

TEST(DType, Bfloat16IsExact) {
  EXPECT_EQ(FloatFromBfloat16(0x3F80), 1.0f);
  EXPECT_EQ(FloatFromBfloat16(0xC040), -3.0f);
}

TEST(Shape, FromUntrustedChecks) {
  const auto make = [](std::initializer_list<int64_t> dims) {
    return Shape::FromUntrusted(std::span(dims.begin(), dims.size()));
  };
  EXPECT_EQ(make({2, 3}).value(), (Shape{2, 3}));
  EXPECT_FALSE(make({2, -3}).ok());
  EXPECT_FALSE(make({int64_t{1} << 40, int64_t{1} << 40}).ok());
  EXPECT_FALSE(make({1, 1, 1, 1, 1, 1, 1, 1, 1}).ok());
}

TEST(Tensor, ToFloat32ReadsUnalignedSources) {
  alignas(8) std::byte bytes[9] = {};
  const double value = 2.5;
  std::memcpy(bytes + 1, &value, sizeof(value));
  const Tensor floats = ToFloat32({bytes + 1, DType::kF64, Shape{1}});
  EXPECT_EQ(floats.span<float>()[0], 2.5f);
}

}  // namespace
}  // namespace segforge
