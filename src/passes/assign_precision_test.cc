#include "passes/assign_precision.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "passes/pipeline.h"
#include "passes/test_graphs.h"

namespace segforge {
namespace {

using testing::ElementsAre;

constexpr auto kToFp16 = [](const Node&) { return Precision::kFp16; };

const Node& Named(const Graph& graph, const std::string& name) {
  for (const NodeId id : graph.LiveNodes()) {
    if (graph.node(id).name == name) return graph.node(id);
  }
  ADD_FAILURE() << "no node is called " << name << "\n" << Print(graph);
  return graph.node(0);
}

// image -> a -> b -> c, and d reads a and b; c and d are outputs.
Graph FourNodes() {
  Graph graph;
  const NodeId x = graph.AddInput("image", {DType::kF32, {Dim::N(), Dim::H(), Dim::W(), 3}});
  const NodeId a = graph.Add(Op::kRelu, "a", {x}).value();
  const NodeId b = graph.Add(Op::kGelu, "b", {a}).value();
  graph.AddOutput("c", graph.Add(Op::kRelu, "c", {b}).value());
  graph.AddOutput("d", graph.Add(Op::kAdd, "d", {a, b}).value());
  return graph;
}

TEST(AssignPrecision, OneForAllCastsOutputsAlone) {
  Graph graph = FourNodes();
  EXPECT_EQ(AssignPrecision(graph, kToFp16).value(), 2);
  ASSERT_TRUE(Verify(graph).ok()) << Verify(graph).message();
  EXPECT_EQ(Print(graph),
            "%0 = Input() : f16[N, H, W, 3]  # image\n"
            "%1 = Relu(%0) fp16 : f16[N, H, W, 3]  # a\n"
            "%2 = Gelu(%1) fp16 : f16[N, H, W, 3]  # b\n"
            "%3 = Relu(%2) fp16 : f16[N, H, W, 3]  # c\n"
            "%5 = Cast(%3) {to f32} : f32[N, H, W, 3]  # c.f32\n"
            "%4 = Add(%1, %2) fp16 : f16[N, H, W, 3]  # d\n"
            "%6 = Cast(%4) {to f32} : f32[N, H, W, 3]  # d.f32\n"
            "output c = %5\n"
            "output d = %6\n");
}

TEST(AssignPrecision, KeepsTheNamesOfValues) {
  Graph graph = FourNodes();
  graph.NameValues();
  ASSERT_TRUE(AssignPrecision(graph, kToFp16).ok());
  EXPECT_EQ(Named(graph, "b").value, "b");
  EXPECT_EQ(Named(graph, "c.f32").value, "");
}

TEST(AssignPrecision, CastsAValueOnceForAllItsReaders) {
  Graph graph = FourNodes();
  const auto only_b_narrow = [](const Node& node) {
    return node.name == "b" ? Precision::kBf16 : Precision::kFp32;
  };
  // a to bf16 for b; b to f32 for both c and d
  EXPECT_EQ(AssignPrecision(graph, only_b_narrow).value(), 2);
  ASSERT_TRUE(Verify(graph).ok()) << Verify(graph).message();
  EXPECT_EQ(CountOps(graph, Op::kCast), 2);
  EXPECT_EQ(Named(graph, "image").type.dtype, DType::kF32);
  EXPECT_EQ(Named(graph, "b").type.dtype, DType::kBF16);
  EXPECT_EQ(Named(graph, "d").inputs[1], Named(graph, "c").inputs[0]);
}

TEST(AssignPrecision, TheInputTakesTheTypeOfItsFirstReader) {
  Graph graph;
  const NodeId x = graph.AddInput("image", {DType::kF32, {Dim::N(), Dim::H(), Dim::W(), 3}});
  const NodeId first = graph.Add(Op::kRelu, "first", {x}).value();
  const NodeId second = graph.Add(Op::kGelu, "second", {x}).value();
  graph.AddOutput("y", graph.Add(Op::kAdd, "sum", {first, second}).value());
  const auto choose = [](const Node& node) {
    return node.name == "first" ? Precision::kFp16 : Precision::kFp32;
  };
  EXPECT_EQ(AssignPrecision(graph, choose).value(), 2);  // image for `second`, first for the sum
  ASSERT_TRUE(Verify(graph).ok()) << Verify(graph).message();
  EXPECT_EQ(Named(graph, "image").type.dtype, DType::kF16);
  EXPECT_EQ(graph.node(Named(graph, "second").inputs[0]).name, "image.f32");
}

TEST(AssignPrecision, Tf32ChangesNoType) {
  Graph graph = FourNodes();
  EXPECT_EQ(AssignPrecision(graph, [](const Node&) { return Precision::kTf32; }).value(), 0);
  ASSERT_TRUE(Verify(graph).ok());
  EXPECT_EQ(Named(graph, "b").precision, Precision::kTf32);
  EXPECT_EQ(Named(graph, "b").type.dtype, DType::kF32);
}

TEST(AssignPrecision, ASecondRunChangesNothing) {
  Graph graph = FourNodes();
  const auto choose = [](const Node& node) { return node.name == "b" ? Precision::kFp32 : Precision::kFp16; };
  ASSERT_TRUE(AssignPrecision(graph, choose).ok());
  const std::string once = Print(graph);
  ASSERT_TRUE(AssignPrecision(graph, choose).ok());
  EXPECT_EQ(Print(graph), once);
}

TEST(AssignPrecision, AnotherRunUndoesIt) {
  Graph graph = FourNodes();
  const std::string before = Print(graph);
  ASSERT_TRUE(AssignPrecision(graph, kToFp16).ok());
  EXPECT_EQ(AssignPrecision(graph, [](const Node&) { return Precision::kFp32; }).value(), 0);
  EXPECT_EQ(Print(graph), before);
}

// The head's logits are f32 already, and its own inputs are all that it reads in fp16.
TEST(AssignPrecision, AnOptimisedSegformerNeedsNoCast) {
  Graph graph = SmallSegformer(false);
  ASSERT_TRUE(RunPasses(graph, {}).ok());
  ASSERT_EQ(CountOps(graph, Op::kDecodeHead), 1);
  EXPECT_EQ(AssignPrecision(graph, kToFp16).value(), 0);
  ASSERT_TRUE(Verify(graph).ok()) << Verify(graph).message();
  EXPECT_EQ(graph.node(graph.outputs()[0].value).type.dtype, DType::kF32);
  for (const NodeId id : graph.LiveNodes()) {
    const Node& node = graph.node(id);
    if (node.op == Op::kConstant) {
      EXPECT_EQ(node.type.dtype, DType::kF32) << node.name;
    }
  }
}

TEST(AssignPrecision, KeepsAllInputsInTheirOrder) {
  Graph graph;
  graph.AddInput("unread", {DType::kF32, {Dim::N(), 1}});
  const NodeId x = graph.AddInput("read", {DType::kF32, {Dim::N(), 2}});
  graph.AddOutput("y", graph.Add(Op::kRelu, "relu", {x}).value());
  graph.AddOutput("x", x);
  EXPECT_EQ(AssignPrecision(graph, kToFp16).value(), 2);
  std::vector<std::string> inputs;
  for (NodeId id = 0; id < graph.size(); ++id) {
    if (graph.node(id).op == Op::kInput) inputs.push_back(graph.node(id).name);
  }
  EXPECT_THAT(inputs, ElementsAre("unread", "read"));
  EXPECT_EQ(graph.node(graph.outputs()[1].value).type.dtype, DType::kF32);
}

}  // namespace
}  // namespace segforge
