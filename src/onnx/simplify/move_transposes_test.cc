#include "onnx/simplify/move_transposes.h"

#include "onnx/simplify/test_file.h"

namespace segforge::simplify {
namespace {

using namespace testing;  // NOLINT(*-build-using-namespace): what tests are written in
using ::testing::HasSubstr;

TEST(MoveTransposes, TwoThatMeetInASumAreOne) {
  TestFile t;
  const std::string a = t.Transpose(t.Input("a", {2, 3, 4}), {2, 0, 1}),
                    b = t.Transpose(t.Input("b", {2, 3, 4}), {2, 0, 1});
  t.Output(t.Node("Add", {a, b}));
  ExpectRewrite(t, MoveTransposes, {{"Add", 1}, {"Transpose", 1}});
}

TEST(MoveTransposes, OneMovesThroughWhatWorksByNumberToAnother) {
  TestFile t;
  std::string x = t.Transpose(t.Input("x", {2, 3, 4}), {1, 2, 0});
  x = t.Node("Mul", {x, t.Weight({3, 1, 2})});
  x = t.Node("Relu", {t.Node("Add", {x, t.Float(0.5f)})});
  t.Output(t.Transpose(x, {2, 0, 1}));
  // The Transposes are neighbours now: the one that moved, and the last.
  ExpectRewrite(t, MoveTransposes, {{"Mul", 1}, {"Add", 1}, {"Relu", 1}, {"Transpose", 2}});
}

TEST(MoveTransposes, WithoutAnotherToMeetItStays) {
  TestFile t;
  const std::string x = t.Transpose(t.Input("x", {2, 3}), {1, 0});
  t.Output(t.Node("Softmax", {t.Node("Relu", {x})}));
  ExpectUntouched(t, MoveTransposes);
}

TEST(MoveTransposes, OtherOrdersAndOtherReadersAreLeftAlone) {
  TestFile t;
  const std::string a = t.Transpose(t.Input("a", {3, 3, 3}), {1, 0, 2}),
                    b = t.Transpose(t.Input("b", {3, 3, 3}), {2, 1, 0});
  t.Output(t.Node("Add", {a, b}));
  const std::string c = t.Transpose("a", {1, 2, 0});
  t.Output(t.Transpose(t.Node("Relu", {c}), {2, 0, 1}));
  t.Output(c);
  ExpectUntouched(t, MoveTransposes);
}

}  // namespace
}  // namespace segforge::simplify
