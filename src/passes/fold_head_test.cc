#include "passes/fold_head.h"

#include <gtest/gtest.h>

#include "passes/fold_batch_norm.h"
#include "passes/test_graphs.h"

namespace segforge {
namespace {

// Three stages at a full, half and quarter of the input's size.
Graph HeadGraph(bool relu) {
  TestGraph t;
  std::vector<NodeId> features = {t.Input(6)};
  features.push_back(t.Conv(features.back(), 7, 3, 2, 1));
  features.push_back(t.Conv(features.back(), 9, 3, 2, 1));
  t.graph.AddOutput("logits", t.Head(features, 8, relu));
  return std::move(t.graph);
}

const Node& UpsampleSumOf(const Graph& graph) {
  for (NodeId id : graph.LiveNodes()) {
    if (graph.node(id).op == Op::kUpsampleSum) return graph.node(id);
  }
  ADD_FAILURE() << "no UpsampleSum";
  return graph.node(0);
}

// Widths of the features that the terms read, in the order of the sum.
std::vector<std::string> TermInputs(const Graph& graph) {
  std::vector<std::string> widths;
  for (NodeId term : UpsampleSumOf(graph).inputs) {
    EXPECT_EQ(graph.node(term).op, Op::kLinear);
    widths.push_back(ToString(graph.node(graph.node(term).inputs[0]).type.shape));
  }
  return widths;
}

TEST(FoldHead, FoldsProjectionsIntoOneProductAStage) {
  Graph graph = HeadGraph(false);
  ASSERT_EQ(FoldBatchNorm(graph).value(), 1);
  EXPECT_EQ(FoldHead(graph).value(), 1);
  EXPECT_TRUE(Verify(graph).ok());
  EXPECT_EQ(CountOps(graph, Op::kLinear), 4);  // three terms and the classifier
  for (Op gone : {Op::kConcat, Op::kResizeBilinear, Op::kRelu}) EXPECT_EQ(CountOps(graph, gone), 0);
  EXPECT_EQ(UpsampleSumOf(graph).as<UpsampleSumAttrs>().activation, Activation::kRelu);
  EXPECT_EQ(TermInputs(graph), (std::vector<std::string>{"[N, H, W, 6]", "[N, ceil(H/2), ceil(W/2), 7]",
                                                         "[N, ceil(H/4), ceil(W/4), 9]"}));
  EXPECT_EQ(graph.node(UpsampleSumOf(graph).inputs[0]).inputs.size(), 3u);  // the first carries the bias
  EXPECT_EQ(graph.node(UpsampleSumOf(graph).inputs[1]).inputs.size(), 2u);
  EXPECT_EQ(FoldHead(graph).value(), 0);
}

TEST(FoldHead, MovesTheFuseSlicesBelowTheUpsampleBehindARelu) {
  Graph graph = HeadGraph(true);
  ASSERT_EQ(FoldBatchNorm(graph).value(), 4);
  EXPECT_EQ(FoldHead(graph).value(), 1);
  EXPECT_TRUE(Verify(graph).ok());
  EXPECT_EQ(CountOps(graph, Op::kLinear), 7);  // projections, slices, classifier
  EXPECT_EQ(CountOps(graph, Op::kRelu), 3);
  EXPECT_EQ(TermInputs(graph), (std::vector<std::string>{"[N, H, W, 8]", "[N, ceil(H/2), ceil(W/2), 8]",
                                                         "[N, ceil(H/4), ceil(W/4), 8]"}));
  EXPECT_EQ(FoldHead(graph).value(), 0);
}

TEST(FoldHead, KeepsABatchNormThatWasNotFoldedBehindTheSum) {
  Graph graph = HeadGraph(false);
  EXPECT_EQ(FoldHead(graph).value(), 1);
  EXPECT_EQ(UpsampleSumOf(graph).as<UpsampleSumAttrs>().activation, Activation::kNone);
  EXPECT_EQ(CountOps(graph, Op::kBatchNorm), 1);
  EXPECT_EQ(CountOps(graph, Op::kRelu), 1);
}

TEST(FoldHead, KeepsAProjectionThatSomeoneElseReads) {
  TestGraph t;
  const NodeId x = t.Input(6);
  const NodeId projected = t.Linear(x, 8);
  const NodeId small = t.Resize(t.Linear(t.Conv(x, 7, 3, 2, 1), 8), x);
  t.graph.AddOutput("y", t.Linear(t.Add(Op::kConcat, {projected, small}), 4, false));
  t.graph.AddOutput("projected", projected);
  EXPECT_EQ(FoldHead(t.graph).value(), 1);
  EXPECT_EQ(TermInputs(t.graph), (std::vector<std::string>{"[N, H, W, 8]", "[N, ceil(H/2), ceil(W/2), 7]"}));
}

enum class Miss { kNone, kNothingResized, kAllResized, kConcatRead };

int FoldedIn(Miss miss) {
  TestGraph t;
  const NodeId x = t.Input(6);
  NodeId large = t.Linear(x, 8), small = t.Linear(t.Conv(x, 7, 3, 2, 1), 8);
  if (miss == Miss::kNothingResized) small = t.Linear(x, 8);
  if (miss != Miss::kNothingResized) small = t.Resize(small, x);
  if (miss == Miss::kAllResized) large = t.Resize(t.Linear(t.Conv(x, 5, 3, 2, 1), 8), x);
  const NodeId concat = t.Add(Op::kConcat, {small, large});
  t.graph.AddOutput("y", t.Linear(concat, 4, false));
  if (miss == Miss::kConcatRead) t.graph.AddOutput("concat", concat);
  return FoldHead(t.graph).value();
}

TEST(FoldHead, LeavesNearMissesAlone) {
  EXPECT_EQ(FoldedIn(Miss::kNone), 1);
  EXPECT_EQ(FoldedIn(Miss::kNothingResized), 0);
  EXPECT_EQ(FoldedIn(Miss::kAllResized), 0);
  EXPECT_EQ(FoldedIn(Miss::kConcatRead), 0);
}

}  // namespace
}  // namespace segforge
