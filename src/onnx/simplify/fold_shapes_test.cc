#include "onnx/simplify/fold_shapes.h"

#include "onnx/simplify/test_file.h"

namespace segforge::simplify {
namespace {

using namespace testing;  // NOLINT(*-build-using-namespace): what tests are written in
using ::testing::HasSubstr;

std::string SizeAt(TestFile& t, const std::string& shape, int64_t axis) {
  return t.Node("Unsqueeze", {t.Node("Gather", {shape, t.Number(axis)}), t.Numbers({0})});
}
std::string Joined(TestFile& t, const std::vector<std::string>& sizes) {
  return t.Node("Concat", sizes, {{"axis", int64_t{0}}});
}

TEST(FoldShapes, ASizeThatStaysIsCopiedAndOneOtherIsLeftOpen) {
  TestFile t;
  const std::string x = t.Free("x", {"n", "h", ""}, {kFreeDim, kFreeDim, 4});
  const std::string shape = t.Node("Shape", {x});
  const std::string twice = t.Node("Mul", {SizeAt(t, shape, 1), t.Numbers({2})});
  t.Output(t.Node("Reshape", {x, Joined(t, {SizeAt(t, shape, 0), twice, t.Numbers({2})})}));
  ExpectRewrite(t, FoldShapes, {{"Reshape", 1}});
}

TEST(FoldShapes, TwoSizesThatMoveAreLeftAlone) {
  TestFile t;
  const std::string x = t.Free("x", {"n", "h"}, {kFreeDim, kFreeDim});
  const std::string shape = t.Node("Shape", {x});
  t.Output(t.Node("Reshape", {x, Joined(t, {SizeAt(t, shape, 1), SizeAt(t, shape, 0)})}));
  ExpectUntouched(t, FoldShapes);
}

}  // namespace
}  // namespace segforge::simplify
