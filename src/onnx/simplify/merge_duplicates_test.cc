#include "onnx/simplify/merge_duplicates.h"

#include "onnx/simplify/test_file.h"

namespace segforge::simplify {
namespace {

using namespace testing;  // NOLINT(*-build-using-namespace): what tests are written in
using ::testing::HasSubstr;

TEST(MergeDuplicates, WhatIsThereTwiceIsThereOnce) {
  TestFile t;
  const std::string x = t.Input("x", {2, 3});
  const std::string a = t.Node("Add", {t.Transpose(x, {1, 0}), t.Floats({1, 2})});
  const std::string b = t.Node("Add", {t.Transpose(x, {1, 0}), t.Floats({1, 2})});
  t.Output(t.Node("Mul", {a, b}));
  ExpectRewrite(t, MergeDuplicates, {{"Transpose", 1}, {"Add", 1}, {"Mul", 1}});
}

TEST(MergeDuplicates, WhatDiffersAnywhereStays) {
  TestFile t;
  const std::string x = t.Input("x", {2, 2});
  t.Output(t.Transpose(x, {1, 0}));
  t.Output(t.Transpose(x, {0, 1}));
  t.Output(t.Node("Add", {x, t.Floats({1, 2})}));
  t.Output(t.Node("Add", {x, t.Floats({1, 3})}));
  t.Output(t.Node("LeakyRelu", {x}, {{"alpha", 0.5f}}));
  t.Output(t.Node("LeakyRelu", {x}, {{"alpha", 0.25f}}));
  t.Output(t.Node("RandomNormal", {}));
  t.Output(t.Node("RandomNormal", {}));
  ExpectUntouched(t, MergeDuplicates);
}

}  // namespace
}  // namespace segforge::simplify
