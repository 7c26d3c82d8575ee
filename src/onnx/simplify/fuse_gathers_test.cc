#include "onnx/simplify/fuse_gathers.h"

#include "onnx/simplify/test_file.h"

namespace segforge::simplify {
namespace {

using namespace testing;  // NOLINT(*-build-using-namespace): what tests are written in
using ::testing::HasSubstr;

TEST(FuseGathers, ASizeTakenOutIsAListAtOnce) {
  TestFile t;
  const std::string shape = t.Node("Shape", {t.Free("x", {"n", "h"}, {kFreeDim, kFreeDim})});
  t.Output(t.Node("Unsqueeze", {t.Node("Gather", {shape, t.Number(-1)}), t.Numbers({0})}));
  ExpectRewrite(t, FuseGathers, {{"Shape", 1}, {"Gather", 1}});
}

TEST(FuseGathers, RowsOfAMatrixAreLeftAlone) {
  TestFile t;
  const std::string row = t.Node("Gather", {t.Input("x", {3, 2}), t.Number(1)});
  t.Output(t.Node("Unsqueeze", {row, t.Numbers({0})}));
  ExpectUntouched(t, FuseGathers);
}

}  // namespace
}  // namespace segforge::simplify
