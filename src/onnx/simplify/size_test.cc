#include "onnx/simplify/size.h"

#include <gtest/gtest.h>

namespace segforge::simplify {
namespace {

TEST(Size, ProductsHaveANormalForm) {
  const Size n = Size::Named("n"), h = Size::Named("h");
  EXPECT_EQ(n * h * Size(2), Size(2) * h * n);
  EXPECT_NE(n * h, n * n);
  EXPECT_EQ(n * Size(0), Size(0));
  EXPECT_NE(n, Size::Unknown("n", 0));
}

TEST(Size, QuotientsAreExactOrNone) {
  const Size n = Size::Named("n");
  EXPECT_EQ(Quotient(n * Size(6), Size(3)), n * Size(2));
  EXPECT_EQ(Quotient(n * n, n), n);
  EXPECT_EQ(Quotient(n * Size(6), Size(4)), std::nullopt);
  EXPECT_EQ(Quotient(Size(6), n), std::nullopt);
  EXPECT_EQ(Quotient(n, Size(0)), std::nullopt);
}

TEST(Size, FunctionsAreEqualForEqualArguments) {
  const Size n = Size::Named("n"), place = Size::Unknown("y", 2);
  EXPECT_EQ(Size::Function("div", {n, 2}, place), Size::Function("div", {n, 2}, place));
  EXPECT_NE(Size::Function("div", {n, 2}, place), Size::Function("div", {n, 3}, place));
  Size deep = n;
  for (int i = 0; i < 100; ++i) deep = Size::Function("add", {deep, deep}, place);
  EXPECT_LT(deep.ToString().size(), 10u);
}

TEST(Size, OnlyNamesOfTheFileAreNames) {
  EXPECT_EQ(Size::Named("batch").name(), "batch");
  EXPECT_EQ((Size::Named("batch") * Size(2)).name(), std::nullopt);
  EXPECT_EQ(Size::Unknown("y", 0).name(), std::nullopt);
  EXPECT_EQ(ToString({Size::Named("batch"), 3, Size::Unknown("y", 0)}), "[batch, 3, ?]");
}

}  // namespace
}  // namespace segforge::simplify
