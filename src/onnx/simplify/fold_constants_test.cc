#include "onnx/simplify/fold_constants.h"

#include "onnx/simplify/test_file.h"

namespace segforge::simplify {
namespace {

using namespace testing;  // NOLINT(*-build-using-namespace): what tests are written in
using ::testing::HasSubstr;

TEST(FoldConstants, ComputesWhatConstantsGive) {
  TestFile t;
  const std::string x = t.Input("x", {2, 3});
  const std::string moved = t.Transpose(t.Weight({3, 2}), {1, 0});
  const std::string root = t.Node("Sqrt", {t.Node("Add", {moved, t.Float(1)})});
  const std::string part = t.Node("Slice", {root, t.Numbers({0}), t.Numbers({1}), t.Numbers({0})});
  t.Output(t.Node("Mul", {x, part}));
  ExpectRewrite(t, FoldConstants, {{"Mul", 1}});
}

TEST(FoldConstants, ComputesWithSizesThatAreKnown) {
  TestFile t;
  const std::string x = t.Free("x", {"n", "", ""}, {kFreeDim, 6, 4});
  const std::string shape = t.Node("Shape", {x});
  const std::string six = t.Node("Gather", {shape, t.Number(1)});
  const std::string half = t.Node("Unsqueeze", {t.Node("Div", {six, t.Number(2)}), t.Numbers({0})});
  t.Output(t.Node("Reshape",
                  {x, t.Node("Concat", {t.Numbers({-1}), half, t.Numbers({8})}, {{"axis", int64_t{0}}})}));
  ExpectRewrite(t, FoldConstants, {{"Reshape", 1}});
}

TEST(FoldConstants, LeavesWhatItDoesNotKnow) {
  TestFile t;
  t.Output(t.Node("Mul", {t.Input("x", {2}), t.Node("RandomNormal", {})}));
  t.Output(t.Node("NoSuchOperator", {t.Float(1)}));
  t.Output(t.Node("Div", {t.Number(1), t.Number(0)}));
  t.Output(t.Node("Cast", {t.Number(1)}, {{"to", int64_t{12}}}));  // a type that Segforge does not have
  ExpectUntouched(t, FoldConstants);
}

TEST(FoldConstants, WholeNumbersAreDividedAsWholeNumbersAre) {
  TestFile t;
  t.Output(t.Node("Div", {t.Numbers({7, -7}), t.Number(2)}));
  t.Output(t.Node("Mod", {t.Numbers({7, -7}), t.Number(4)}));
  t.Output(t.Node("Range", {t.Number(5), t.Number(0), t.Number(-2)}));
  const std::vector<Doubles> expected = {{3, -3}, {3, 1}, {5, 3, 1}};
  EXPECT_EQ(OutputsOf(t.file), expected);
}

TEST(FoldConstants, MovesElementsAsOnnxDoes) {
  TestFile t;
  const std::string x = t.Numbers({1, 2, 3, 4});
  const std::string square = t.Node("Reshape", {x, t.Numbers({2, 2})});
  t.Output(t.Node("Slice", {x, t.Numbers({-1}), t.Numbers({INT64_MIN}), t.Numbers({0}), t.Numbers({-2})}));
  t.Output(t.Node("Gather", {square, t.Numbers({-1})}, {{"axis", int64_t{1}}}));
  t.Output(t.Node("Concat", {square, square}, {{"axis", int64_t{1}}}));
  t.Output(t.Node("Tile", {square, t.Numbers({1, 2})}));
  t.Output(t.Node("Expand", {t.Numbers({7}), t.Numbers({2, 2})}));
  t.Output(t.Node("ReduceSum", {t.Node("Cast", {square}, {{"to", int64_t{1}}}), t.Numbers({0})}));
  const std::vector<Doubles> expected = {
      {4, 2}, {2, 4}, {1, 2, 1, 2, 3, 4, 3, 4}, {1, 2, 1, 2, 3, 4, 3, 4}, {7, 7, 7, 7}, {4, 6}};
  EXPECT_EQ(OutputsOf(t.file), expected);
}

// Above 16 MiB more than what it is made of, a constant is dearer than the node.
TEST(FoldConstants, LeavesWhatWouldGrowTheFile) {
  TestFile t;
  t.Output(t.Node("Expand", {t.Float(1), t.Numbers({3'000'000})}));
  ExpectUntouched(t, FoldConstants);
}

TEST(FoldConstants, RefusesBillionsOfElements) {
  const auto refusal = [](const std::function<std::string(TestFile&)>& make) {
    TestFile t;
    t.Output(make(t));
    Graph graph(t.file);
    EXPECT_TRUE(Infer(graph).ok());
    return FoldConstants(graph).status().message();
  };
  const std::string expected = "expected at most 268435456 elements";
  EXPECT_THAT(refusal([](TestFile& t) { return t.Node("ConstantOfShape", {t.Numbers({1'000'000'000})}); }),
              HasSubstr("node \"ConstantOfShape0\" (ConstantOfShape): gives [1000000000]: " + expected));
  EXPECT_THAT(refusal([](TestFile& t) {
                return t.Node("Expand", {t.Float(1), t.Numbers({100'000, 100'000})});
              }),
              HasSubstr(expected));
  EXPECT_THAT(refusal([](TestFile& t) {
                return t.Node("Tile", {t.Floats({1}), t.Numbers({1'000'000'000'000})});
              }),
              HasSubstr(expected));
  EXPECT_THAT(refusal([](TestFile& t) {
                return t.Node("Range", {t.Number(0), t.Number(1'000'000'000), t.Number(1)});
              }),
              HasSubstr(expected));
}

}  // namespace
}  // namespace segforge::simplify
