#include "onnx/simplify/fuse_transposes.h"

#include "onnx/simplify/test_file.h"

namespace segforge::simplify {
namespace {

using namespace testing;  // NOLINT(*-build-using-namespace): what tests are written in
using ::testing::HasSubstr;

TEST(FuseTransposes, TheOneAfterTheOther) {
  TestFile t;
  const std::string x = t.Transpose(t.Input("x", {2, 3, 4}), {1, 2, 0});
  t.Output(t.Transpose(x, {0, 2, 1}));
  ExpectRewrite(t, FuseTransposes, {{"Transpose", 1}});
}

TEST(FuseTransposes, OneWithAnotherBetweenIsLeftAlone) {
  TestFile t;
  const std::string x = t.Transpose(t.Input("x", {2, 3}), {1, 0});
  t.Output(t.Transpose(t.Node("Softmax", {x}, {{"axis", int64_t{-1}}}), {1, 0}));
  ExpectUntouched(t, FuseTransposes);
}

}  // namespace
}  // namespace segforge::simplify
