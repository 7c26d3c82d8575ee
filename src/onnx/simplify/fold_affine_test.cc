#include "onnx/simplify/fold_affine.h"

#include "onnx/simplify/test_file.h"

namespace segforge::simplify {
namespace {

using namespace testing;  // NOLINT(*-build-using-namespace): what tests are written in
using ::testing::HasSubstr;

std::string ConvOf(TestFile& t, int64_t outputs = 4, const std::string& bias = "") {
  std::vector<std::string> inputs = {t.Input("x", {2, 6, 5, 5}), t.Weight({outputs, 3, 3, 3})};
  if (!bias.empty()) inputs.push_back(bias);
  return t.Node("Conv", inputs, {{"group", int64_t{2}}, {"pads", Ints{1, 1, 1, 1}}, {"strides", Ints{2, 2}}});
}

TEST(FoldAffine, BatchNormGoesIntoAConv) {
  for (const bool has_bias : {false, true}) {
    TestFile t;
    const std::string y = ConvOf(t, 4, has_bias ? t.Weight({4}) : "");
    t.Output(t.Node("BatchNormalization", {y, t.Weight({4}), t.Weight({4}), t.Weight({4}), t.Weight({4})}));
    ExpectRewrite(t, FoldAffine, {{"Conv", 1}});
  }
}

TEST(FoldAffine, FactorsAndSumsGoIntoAConv) {
  TestFile t;
  std::string y = ConvOf(t);
  y = t.Node("Mul", {t.Weight({1, 4, 1, 1}), y});
  y = t.Node("Sub", {y, t.Weight({4, 1, 1})});
  t.Output(t.Node("Div", {y, t.Float(3)}));
  ExpectRewrite(t, FoldAffine, {{"Conv", 1}});
}

TEST(FoldAffine, AProductOfTwoAxesTakesASum) {
  TestFile t;
  std::string y = t.Node("MatMul", {t.Input("x", {3, 5}), t.Weight({5, 4})});
  y = t.Node("Add", {t.Weight({4}), y});
  t.Output(t.Node("Mul", {y, t.Weight({1, 4})}));
  ExpectRewrite(t, FoldAffine, {{"Gemm", 1}});
}

TEST(FoldAffine, AProductOfThreeAxesTakesAFactorAlone) {
  TestFile t;
  std::string y = t.Node("MatMul", {t.Input("x", {2, 3, 5}), t.Weight({5, 4})});
  y = t.Node("Mul", {y, t.Weight({4})});
  t.Output(t.Node("Add", {y, t.Weight({4})}));
  ExpectRewrite(t, FoldAffine, {{"MatMul", 1}, {"Add", 1}});
}

TEST(FoldAffine, TransposedWeightsAreScaledByTheirRows) {
  TestFile t;
  const std::string y =
      t.Node("Gemm", {t.Input("x", {3, 5}), t.Weight({4, 5}), t.Weight({4})}, {{"transB", int64_t{1}}});
  t.Output(t.Node("Mul", {y, t.Weight({4})}));
  ExpectRewrite(t, FoldAffine, {{"Gemm", 1}});
}

TEST(FoldAffine, WhatIsNotOfChannelsOrIsReadElsewhereIsLeftAlone) {
  TestFile rows;
  rows.Output(rows.Node("Mul", {ConvOf(rows), rows.Weight({1, 1, 3, 1})}));
  ExpectUntouched(rows, FoldAffine);
  TestFile larger;  // the result is of more images than the Conv's
  larger.Output(larger.Node("Mul", {ConvOf(larger), larger.Weight({1, 1, 1, 1, 1})}));
  ExpectUntouched(larger, FoldAffine);
  TestFile twice;
  const std::string y = ConvOf(twice);
  twice.Output(twice.Node("Mul", {y, twice.Float(2)}));
  twice.Output(y);
  ExpectUntouched(twice, FoldAffine);
  TestFile reversed;
  reversed.Output(reversed.Node("Sub", {reversed.Float(2), ConvOf(reversed)}));
  ExpectUntouched(reversed, FoldAffine);
}

}  // namespace
}  // namespace segforge::simplify
