#include "onnx/simplify/convert_opset.h"

#include "onnx/simplify/test_file.h"

namespace segforge::simplify {
namespace {

using namespace testing;  // NOLINT(*-build-using-namespace): what tests are written in
using ::testing::HasSubstr;

OnnxFile Converted(const TestFile& t, int64_t opset) {
  Graph graph(t.file);
  EXPECT_EQ(Infer(graph).message(), "");
  EXPECT_EQ(ConvertOpset(graph, opset).message(), "");
  EXPECT_EQ(graph.Verify().message(), "");
  return graph.ToFile();
}

std::string Refusal(const TestFile& t, int64_t opset) {
  Graph graph(t.file);
  EXPECT_EQ(Infer(graph).message(), "");
  return ConvertOpset(graph, opset).message();
}

TEST(ConvertOpset, AxesBecomeInputs) {
  TestFile t(11);
  const std::string x = t.Input("x", {2, 1, 3});
  t.Output(t.Node("ReduceMean", {x}, {{"axes", Ints{-1}}}));
  t.Output(t.Node("Squeeze", {x}, {{"axes", Ints{1}}}));
  const OnnxFile at13 = Converted(t, 13), at18 = Converted(t, 18);
  EXPECT_EQ(at13.opset, 13);
  EXPECT_EQ(at13.nodes[0].inputs.size(), 1u);  // means keep their attribute until opset 18
  EXPECT_EQ(at13.nodes[1].inputs.size(), 2u);
  EXPECT_EQ(at18.nodes[0].inputs.size(), 2u);
  EXPECT_EQ(at18.nodes[0].Find<Ints>("axes"), nullptr);
  ExpectEqual(t.file, at13);
  ExpectEqual(t.file, at18);
}

TEST(ConvertOpset, ASplitSaysItsParts) {
  TestFile t(11);
  t.Output(t.Node("Split", {t.Input("x", {4})}));
  EXPECT_EQ(Converted(t, 18).nodes[0].Int("num_outputs", 0), 1);
}

TEST(ConvertOpset, ASoftmaxOverTheLastAxisKeepsIt) {
  TestFile t(11);
  t.Output(t.Node("Softmax", {t.Input("x", {2, 3})}));
  EXPECT_EQ(Converted(t, 13).nodes[0].Int("axis", 0), -1);
  TestFile over_all(11);
  over_all.Output(over_all.Node("Softmax", {over_all.Input("x", {2, 3, 4})}));
  EXPECT_THAT(Refusal(over_all, 13),
              HasSubstr("to opset 13: node \"Softmax0\" (Softmax): over several axes"));
}

TEST(ConvertOpset, RefusesWhatItCannotAnswerFor) {
  TestFile t(11);
  t.Output(t.Node("GridSample", {t.Input("x", {2})}));
  EXPECT_THAT(Refusal(t, 17), HasSubstr("node \"GridSample0\" (GridSample): what this operator is"));
  EXPECT_EQ(Refusal(t, 11), "");
  TestFile down(18);
  down.Output(down.Node("Relu", {down.Input("x", {2})}));
  EXPECT_THAT(Refusal(down, 17), HasSubstr("from opset 18 to 17: expected to raise it"));
  TestFile nested(17);
  nested.Output(nested.Node("Relu", {nested.Input("x", {2})}, {{"body", OnnxOpaque()}}));
  EXPECT_THAT(Refusal(nested, 18), HasSubstr("it holds a graph or a type"));
}

}  // namespace
}  // namespace segforge::simplify
