#include "onnx/simplify/fold_pad.h"

#include "onnx/simplify/test_file.h"

namespace segforge::simplify {
namespace {

using namespace testing;  // NOLINT(*-build-using-namespace): what tests are written in
using ::testing::HasSubstr;

const Ints kPads = {0, 0, 1, 2, 0, 0, 2, 0};

TEST(FoldPad, ZerosGoIntoAConv) {
  TestFile t;
  const std::string x = t.Node("Pad", {t.Input("x", {1, 2, 6, 6}), t.Numbers(kPads)});
  t.Output(t.Node("Conv", {x, t.Weight({2, 2, 3, 3})}, {{"pads", Ints{0, 1, 1, 0}}}));
  ExpectRewrite(t, FoldPad, {{"Conv", 1}});
}

TEST(FoldPad, MinusInfinityGoesIntoAMaxPool) {
  TestFile t;
  const std::string least = t.Float(-std::numeric_limits<float>::infinity());
  const std::string x = t.Node("Pad", {t.Input("x", {1, 2, 6, 6}), t.Numbers(kPads), least});
  t.Output(t.Node("MaxPool", {x}, {{"kernel_shape", Ints{3, 3}}}));
  ExpectRewrite(t, FoldPad, {{"MaxPool", 1}});
}

TEST(FoldPad, ZerosGoIntoAnAverageThatCountsThem) {
  TestFile t;
  const std::string x = t.Node("Pad", {t.Input("x", {1, 2, 6, 6}), t.Numbers(kPads)});
  t.Output(t.Node("AveragePool", {x}, {{"kernel_shape", Ints{3, 3}}, {"count_include_pad", int64_t{1}}}));
  ExpectRewrite(t, FoldPad, {{"AveragePool", 1}});
}

TEST(FoldPad, OtherPaddingIsLeftAlone) {
  TestFile t;
  const std::string x = t.Input("x", {1, 2, 6, 6});
  const std::string zeros = t.Node("Pad", {x, t.Numbers(kPads)});
  t.Output(t.Node("MaxPool", {zeros}, {{"kernel_shape", Ints{3, 3}}}));
  const std::string ones = t.Node("Pad", {x, t.Numbers(kPads), t.Float(1)});
  t.Output(t.Node("Conv", {ones, t.Weight({2, 2, 3, 3})}));
  const std::string channels = t.Node("Pad", {x, t.Numbers({0, 1, 0, 0, 0, 0, 0, 0})});
  t.Output(t.Node("Conv", {channels, t.Weight({2, 3, 3, 3})}));
  const std::string edge = t.Node("Pad", {x, t.Numbers(kPads)}, {{"mode", std::string("edge")}});
  t.Output(t.Node("Conv", {edge, t.Weight({2, 2, 3, 3})}));
  ExpectUntouched(t, FoldPad);
}

}  // namespace
}  // namespace segforge::simplify
