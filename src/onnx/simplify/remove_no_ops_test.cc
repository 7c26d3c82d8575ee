#include "onnx/simplify/remove_no_ops.h"

#include "onnx/simplify/test_file.h"

namespace segforge::simplify {
namespace {

using namespace testing;  // NOLINT(*-build-using-namespace): what tests are written in
using ::testing::HasSubstr;

TEST(RemoveNoOps, WhatChangesNothingGoes) {
  TestFile t;
  std::string x = t.Input("x", {2, 3, 4, 4});
  x = t.Node("Identity", {x});
  x = t.Node("Cast", {x}, {{"to", int64_t{1}}});
  x = t.Node("Reshape", {x, t.Numbers({2, 3, -1, 4})});
  x = t.Transpose(x, {0, 1, 2, 3});
  x = t.Node("Pad", {x, t.Numbers({0, 0, 0, 0, 0, 0, 0, 0})});
  x = t.Node("Slice", {x, t.Numbers({0}), t.Numbers({4}), t.Numbers({2})});
  x = t.Node("Concat", {x}, {{"axis", int64_t{1}}});
  x = t.Node("Expand", {x, t.Numbers({1, 1, 4})});
  x = t.Node("Mul", {x, t.Float(1)});
  x = t.Node("Add", {x, t.Floats({0, 0, 0, 0})});
  t.Output(t.Node("Relu", {x}));
  ExpectRewrite(t, RemoveNoOps, {{"Relu", 1}});
}

TEST(RemoveNoOps, TheLastOneHandsItsNameOn) {
  TestFile t;
  t.Output(t.Node("Identity", {t.Node("Relu", {t.Input("x", {2})})}));
  ExpectRewrite(t, RemoveNoOps, {{"Relu", 1}});
}

TEST(RemoveNoOps, WhatChangesSomethingStays) {
  TestFile t;
  const std::string x = t.Input("x", {4});
  t.Output(t.Node("Cast", {x}, {{"to", int64_t{11}}}));
  t.Output(t.Node("Slice", {x, t.Numbers({-1}), t.Numbers({INT64_MIN}), t.Numbers({0}), t.Numbers({-1})}));
  t.Output(t.Node("Add", {x, t.Floats({0, 0, 0, 1e-30f})}));
  t.Output(t.Node("Mul", {t.Floats({1, 1, 1, 1}), t.Input("y", {1})}));  // makes y longer
  t.Output(t.Transpose(t.Input("z", {3, 3}), {1, 0}));
  ExpectUntouched(t, RemoveNoOps);
}

// An input cannot take an output's name, and one value cannot be two outputs.
TEST(RemoveNoOps, ANameThatMustStayKeepsItsNode) {
  TestFile t;
  const std::string y = t.Node("Relu", {t.Input("x", {2})});
  t.Output(t.Node("Identity", {"x"}));
  t.Output(y);
  t.Output(t.Node("Identity", {y}));
  ExpectUntouched(t, RemoveNoOps);
}

}  // namespace
}  // namespace segforge::simplify
