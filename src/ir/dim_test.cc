#include "ir/dim.h"

#include <gtest/gtest.h>

namespace segforge {
namespace {

TEST(Dim, FoldsConstants) {
  EXPECT_EQ(Dim(3) * 4 + 5, Dim(17));
  EXPECT_EQ(CeilDiv(Dim(17), 4), Dim(5));
  EXPECT_EQ(FloorDiv(Dim(17), 4), Dim(4));
  EXPECT_EQ(FloorDiv(Dim(-1), 4), Dim(-1));
  EXPECT_EQ(CeilDiv(Dim(-1), 4), Dim(0));
  EXPECT_TRUE((Dim::H() * 0).is_constant());
  EXPECT_EQ((Dim::H() + 2 + Dim::H() * -1).constant(), 2);
}

TEST(Dim, IsEqualWhenEqualByConstruction) {
  const Dim h = Dim::H(), w = Dim::W();
  EXPECT_EQ(h * w, w * h);
  EXPECT_EQ((h + w) * 2, w + h + h + w);
  EXPECT_EQ((h + 1) * (w + 1), h * w + h + w + 1);
  EXPECT_EQ(CeilDiv(CeilDiv(h, 4), 2), CeilDiv(h, 8));
  EXPECT_EQ(FloorDiv(FloorDiv(h, 4), 2), FloorDiv(h, 8));
  EXPECT_EQ(CeilDiv(h * 8, 4), h * 2);
  EXPECT_EQ(FloorDiv(h + 7, 3), FloorDiv(h + 1, 3) + 2);
  EXPECT_EQ(FloorDiv(FloorDiv(h, 3) + 1, 2), FloorDiv(h + 3, 6));
  EXPECT_EQ(CeilDiv(h, 1), h);
}

TEST(Dim, IsNotEqualWhenDifferent) {
  EXPECT_FALSE(Dim::H() == Dim::W());
  EXPECT_FALSE(CeilDiv(Dim::H(), 4) == FloorDiv(Dim::H(), 4));
  EXPECT_FALSE(CeilDiv(FloorDiv(Dim::H(), 4), 2) == CeilDiv(Dim::H(), 8));
  EXPECT_FALSE(Dim::H() * Dim::H() == Dim::H() * 2);
}

TEST(Dim, PrintsItsNormalForm) {
  EXPECT_EQ(CeilDiv(Dim::H(), 4).ToString(), "ceil(H/4)");
  EXPECT_EQ(FloorDiv(CeilDiv(Dim::W(), 4), 8).ToString(), "floor(ceil(W/4)/8)");
  EXPECT_EQ((Dim::W() * CeilDiv(Dim::H(), 4) * 3).ToString(), "3*W*ceil(H/4)");
  EXPECT_EQ(FloorDiv(Dim::H() + -1, 3).ToString(), "floor((H + 2)/3) - 1");
  EXPECT_EQ((Dim::W() * -1 + Dim::H() + -2).ToString(), "H - W - 2");
  EXPECT_EQ(ToString(DimShape{Dim::N(), CeilDiv(Dim::H(), 4), 32}), "[N, ceil(H/4), 32]");
}

// The normal form must not change the value: every rewriting against plain integer arithmetic.
TEST(Dim, EvaluatesAsIntegerArithmeticDoes) {
  const auto floor_div = [](int64_t a, int64_t b) { return (a - ((a % b + b) % b)) / b; };
  for (int64_t h = 1; h < 70; ++h) {
    const InputSize size = {2, h, 3 * h + 1};
    for (int64_t divisor = 1; divisor < 9; ++divisor) {
      for (int64_t offset = -9; offset < 10; ++offset) {
        const Dim sum = Dim::H() * 3 + offset + Dim::W() * divisor;
        const int64_t value = 3 * h + offset + size.w * divisor;
        ASSERT_EQ(FloorDiv(sum, divisor).Evaluate(size), floor_div(value, divisor));
        ASSERT_EQ(CeilDiv(sum, divisor).Evaluate(size), -floor_div(-value, divisor));
        ASSERT_EQ(FloorDiv(FloorDiv(sum, 3), divisor).Evaluate(size),
                  floor_div(floor_div(value, 3), divisor));
        ASSERT_EQ(FloorDiv(FloorDiv(sum, 3) + offset, divisor).Evaluate(size),
                  floor_div(floor_div(value, 3) + offset, divisor));
        ASSERT_EQ(CeilDiv(CeilDiv(sum, 3), divisor).Evaluate(size),
                  -floor_div(floor_div(-value, 3), divisor));
      }
    }
  }
}

TEST(Dim, ConvOutputIsTheFormula) {
  EXPECT_EQ(ConvOutput(Dim::H(), 7, 4, 3), CeilDiv(Dim::H(), 4));
  EXPECT_EQ(ConvOutput(Dim::H(), 3, 2, 1), CeilDiv(Dim::H(), 2));
  EXPECT_EQ(ConvOutput(Dim::H(), 3, 1, 1), Dim::H());
  EXPECT_EQ(ConvOutput(Dim::H(), 8, 8, 0), FloorDiv(Dim::H(), 8));
  for (int64_t in = 7; in < 40; ++in) {
    for (int64_t stride = 1; stride < 5; ++stride) {
      for (int64_t pad = 0; pad < 4; ++pad) {
        ASSERT_EQ(ConvOutput(Dim::H(), 7, stride, pad).Evaluate({1, in, 1}), (in + 2 * pad - 7) / stride + 1);
      }
    }
  }
}

TEST(Dim, EvaluatesShapes) {
  const DimShape shape = {Dim::N(), CeilDiv(Dim::H(), 4), CeilDiv(Dim::W(), 4), 32};
  EXPECT_EQ(Evaluate(shape, {2, 65, 31}), (Shape{2, 17, 8, 32}));
}

}  // namespace
}  // namespace segforge
