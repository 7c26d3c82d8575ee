#include "onnx/simplify/remove_dead.h"

#include "onnx/simplify/test_file.h"

namespace segforge::simplify {
namespace {

using namespace testing;  // NOLINT(*-build-using-namespace): what tests are written in
using ::testing::HasSubstr;

TEST(RemoveDead, WhatNobodyReadsGoes) {
  TestFile t;
  const std::string x = t.Input("x", {2});
  t.Node("Exp", {t.Node("Neg", {x})});
  t.Output(t.Node("Relu", {x}));
  ExpectRewrite(t, RemoveDead, {{"Relu", 1}});
}

TEST(RemoveDead, WhatAGraphInsideReadsStays) {
  TestFile t;
  const std::string y = t.Node("Neg", {t.Input("x", {2})});
  t.Output(t.Node("If", {"x"}, {{"then_branch", OnnxOpaque{"", {y}}}}));
  ExpectUntouched(t, RemoveDead);
}

}  // namespace
}  // namespace segforge::simplify
