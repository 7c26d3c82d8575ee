#include "onnx/simplify/flatten_product.h"

#include "onnx/simplify/test_file.h"

namespace segforge::simplify {
namespace {

using namespace testing;  // NOLINT(*-build-using-namespace): what tests are written in

std::string Sum(TestFile& t, const std::string& x, const std::string& bias) {
  return t.Node("Add",
                {bias, t.Node("MatMul", {t.Node("Reshape", {x, t.Numbers({0, 4, 6})}), t.Weight({6, 5})})});
}

TEST(FlattenProduct, BetweenReshapesAProductIsOfTwoAxes) {
  for (const bool is_free : {false, true}) {
    TestFile t;
    const std::string x = is_free ? t.Free("x", {"n", "", ""}, {kFreeDim, 8, 3}) : t.Input("x", {2, 8, 3});
    const std::string sum = Sum(t, x, t.Weight({5}));
    t.file.values.push_back({sum, DType::kF32, Ints{kFreeDim, 4, 5}});
    t.Output(t.Node("Reshape", {sum, t.Numbers({-1, 2, 10})}));
    ExpectRewrite(t, FlattenProduct, {{"Reshape", 2}, {"Gemm", 1}});
  }
}

TEST(FlattenProduct, NearMissesAreLeftAlone) {
  TestFile read;  // the sum is an output too
  const std::string sum = Sum(read, read.Input("x", {2, 8, 3}), read.Weight({5}));
  read.Output(sum);
  read.Output(read.Node("Reshape", {sum, read.Numbers({-1})}));
  ExpectUntouched(read, FlattenProduct);
  TestFile rows;  // the bias is one of rows
  rows.Output(
      rows.Node("Reshape", {Sum(rows, rows.Input("x", {2, 8, 3}), rows.Weight({4, 5})), rows.Numbers({-1})}));
  ExpectUntouched(rows, FlattenProduct);
  TestFile last;  // nothing flattens it again
  last.Output(last.Node("Relu", {Sum(last, last.Input("x", {2, 8, 3}), last.Weight({5}))}));
  ExpectUntouched(last, FlattenProduct);
}

}  // namespace
}  // namespace segforge::simplify
