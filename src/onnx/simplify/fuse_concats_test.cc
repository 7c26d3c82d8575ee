#include "onnx/simplify/fuse_concats.h"

#include "onnx/simplify/test_file.h"

namespace segforge::simplify {
namespace {

using namespace testing;  // NOLINT(*-build-using-namespace): what tests are written in
using ::testing::HasSubstr;

TEST(FuseConcats, OneInsideOfAnotherIsOne) {
  TestFile t;
  const std::string x = t.Input("x", {2, 3});
  const std::string inner = t.Node("Concat", {x, x}, {{"axis", int64_t{-1}}});
  t.Output(t.Node("Concat", {x, inner, x}, {{"axis", int64_t{1}}}));
  ExpectRewrite(t, FuseConcats, {{"Concat", 1}});
}

TEST(FuseConcats, SizesOfOneShapeAreOneGather) {
  TestFile t;
  const std::string shape = t.Node("Shape", {t.Free("x", {"n", "h", "w"}, {kFreeDim, kFreeDim, kFreeDim})});
  const std::string a = t.Node("Gather", {shape, t.Numbers({2})}),
                    b = t.Node("Gather", {shape, t.Numbers({0})});
  t.Output(t.Node("Concat", {t.Numbers({9}), a, b}, {{"axis", int64_t{0}}}));
  ExpectRewrite(t, FuseConcats, {{"Shape", 1}, {"Gather", 1}, {"Concat", 1}});
}

TEST(FuseConcats, OtherAxesAndOtherReadersAreLeftAlone) {
  TestFile t;
  const std::string x = t.Input("x", {2, 2});
  const std::string across = t.Node("Concat", {x, x}, {{"axis", int64_t{1}}});
  t.Output(t.Node("Concat", {across, across}, {{"axis", int64_t{0}}}));
  const std::string read_twice = t.Node("Concat", {x, x}, {{"axis", int64_t{0}}});
  t.Output(t.Node("Concat", {read_twice, x}, {{"axis", int64_t{0}}}));
  t.Output(t.Node("Neg", {read_twice}));
  ExpectUntouched(t, FuseConcats);
}

}  // namespace
}  // namespace segforge::simplify
