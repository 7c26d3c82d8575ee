#include "passes/fold_batch_norm.h"

#include <gtest/gtest.h>

#include "passes/test_graphs.h"

namespace segforge {
namespace {

TEST(FoldBatchNorm, FiresOnLinearAndConvolutionAndIsIdempotent) {
  TestGraph t;
  const NodeId x = t.Input(6);
  const NodeId linear = t.BatchNorm(t.Linear(x, 4, false));
  const NodeId conv = t.BatchNorm(t.Conv(linear, 5, 3, 2, 1));
  t.graph.AddOutput("y", t.BatchNorm(t.BatchNorm(t.Linear(conv, 3))));
  EXPECT_EQ(FoldBatchNorm(t.graph).value(), 4);
  EXPECT_TRUE(Verify(t.graph).ok());
  EXPECT_EQ(CountOps(t.graph, Op::kBatchNorm), 0);
  EXPECT_EQ(CountOps(t.graph, Op::kLinear), 2);
  EXPECT_EQ(FoldBatchNorm(t.graph).value(), 0);
}

TEST(FoldBatchNorm, ComputesTheFoldedNumbers) {
  Graph graph;
  const auto constant = [&](Shape shape, std::vector<float> values) {
    return graph.AddConstant("c", Tensor::From<float>(shape, values));
  };
  const NodeId x = graph.AddInput("x", {DType::kF32, {Dim::N(), 2}});
  const NodeId linear =
      graph.Add(Op::kLinear, "fc", {x, constant({1, 2}, {3, 5}), constant({1}, {7})}).value();
  // scale = 4 / sqrt(3.75 + 0.25) = 2
  const NodeId norm =
      graph
          .Add(Op::kBatchNorm, "bn",
               {linear, constant({1}, {4}), constant({1}, {10}), constant({1}, {6}), constant({1}, {3.75f})},
               BatchNormAttrs{0.25f})
          .value();
  graph.AddOutput("y", norm);
  EXPECT_EQ(FoldBatchNorm(graph).value(), 1);
  const Node& folded = graph.node(graph.outputs()[0].value);
  EXPECT_EQ(folded.name, "fc");
  EXPECT_EQ(graph.ConstantInput(folded, 1)->span<float>()[0], 6);
  EXPECT_EQ(graph.ConstantInput(folded, 1)->span<float>()[1], 10);
  EXPECT_EQ(graph.ConstantInput(folded, 2)->span<float>()[0], (7 - 6) * 2 + 10);
}

TEST(FoldBatchNorm, LeavesAProductWithAnotherReaderAlone) {
  TestGraph t;
  const NodeId linear = t.Linear(t.Input(6), 4);
  t.graph.AddOutput("y", t.BatchNorm(linear));
  t.graph.AddOutput("linear", linear);
  EXPECT_EQ(FoldBatchNorm(t.graph).value(), 0);
}

TEST(FoldBatchNorm, LeavesOtherOpsAlone) {
  TestGraph t;
  t.graph.AddOutput("y", t.BatchNorm(t.Add(Op::kRelu, {t.Input(6)})));
  EXPECT_EQ(FoldBatchNorm(t.graph).value(), 0);
}

}  // namespace
}  // namespace segforge
