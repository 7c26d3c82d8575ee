#include "onnx/simplify/fuse_reshapes.h"

#include "onnx/simplify/test_file.h"

namespace segforge::simplify {
namespace {

using namespace testing;  // NOLINT(*-build-using-namespace): what tests are written in
using ::testing::HasSubstr;

TEST(FuseReshapes, SeveralInARowAreOne) {
  TestFile t;
  std::string x = t.Free("x", {"n", "", ""}, {kFreeDim, 3, 4});
  x = t.Node("Unsqueeze", {x, t.Numbers({1})});
  x = t.Node("Reshape", {x, t.Numbers({-1, 12})});
  t.Output(t.Node("Reshape", {x, t.Numbers({0, 2, 6})}));
  ExpectRewrite(t, FuseReshapes, {{"Reshape", 1}});
}

TEST(FuseReshapes, TwoSizesThatAreNotKnownAreLeftAlone) {
  TestFile t;
  std::string x = t.Free("x", {"n", "h", ""}, {kFreeDim, kFreeDim, 4});
  x = t.Node("Unsqueeze", {x, t.Numbers({0})});
  t.Output(t.Node("Unsqueeze", {x, t.Numbers({0})}));
  ExpectUntouched(t, FuseReshapes);
}

}  // namespace
}  // namespace segforge::simplify
