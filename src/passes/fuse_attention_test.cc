#include "passes/fuse_attention.h"

#include <gtest/gtest.h>

#include "passes/merge_key_value.h"
#include "passes/test_graphs.h"

namespace segforge {
namespace {

const Node& AttentionIn(const Graph& graph) {
  for (NodeId id : graph.LiveNodes()) {
    if (graph.node(id).op == Op::kAttention) return graph.node(id);
  }
  ADD_FAILURE() << "no Attention";
  return graph.node(0);
}

TEST(FuseAttention, FiresAndFoldsTheScaleAndIsIdempotent) {
  TestGraph t;
  t.graph.AddOutput("y", t.AttentionHalf(t.Input(12), 3, 2));
  EXPECT_EQ(FuseAttention(t.graph).value(), 1);
  EXPECT_TRUE(Verify(t.graph).ok());
  for (Op gone : {Op::kMatMul, Op::kSoftmax, Op::kReshape, Op::kTranspose, Op::kMul}) {
    EXPECT_EQ(CountOps(t.graph, gone), 0);
  }
  EXPECT_EQ(AttentionIn(t.graph).as<AttentionAttrs>(), (AttentionAttrs{3, 1.0f}));
  EXPECT_EQ(FuseAttention(t.graph).value(), 0);
}

TEST(FuseAttention, KeepsTheScaleWhenTheWeightsOfQAreNotItsOwn) {
  for (const bool q_is_read : {true, false}) {
    TestGraph t;
    const NodeId x = t.Input(8);
    const NodeId q = q_is_read ? t.Linear(x, 8) : t.Add(Op::kRelu, {x});
    t.graph.AddOutput("y", t.AttentionOf(q, t.Linear(x, 8), t.Linear(x, 8), 2));
    if (q_is_read) t.graph.AddOutput("q", q);
    EXPECT_EQ(FuseAttention(t.graph).value(), 1);
    EXPECT_EQ(AttentionIn(t.graph).as<AttentionAttrs>(), (AttentionAttrs{2, 0.5f}));
  }
}

enum class Miss { kNone, kScoresRead, kHeadsDiffer, kValuesTransposed, kJoinedOtherwise, kScaleComputed };

int FusedIn(Miss miss) {
  TestGraph t;
  const NodeId x = t.Input(8);
  const NodeId q = t.SplitHeads(t.Linear(x, 8), 2), k = t.SplitHeads(t.Linear(x, 8), 2);
  NodeId v = t.SplitHeads(t.Linear(x, 8), 2);
  if (miss == Miss::kHeadsDiffer) v = t.SplitHeads(t.Linear(x, 16), 2);
  NodeId scores = t.Add(Op::kMatMul, {q, k}, MatMulAttrs{true});
  if (miss == Miss::kScoresRead) t.graph.AddOutput("scores", scores);
  NodeId scale = t.Scalar(0.5f);
  if (miss == Miss::kScaleComputed) scale = t.Add(Op::kRelu, {scale});
  const NodeId p = t.Add(Op::kSoftmax, {t.Add(Op::kMul, {scores, scale})});
  if (miss == Miss::kValuesTransposed) v = t.Add(Op::kTranspose, {v}, TransposeAttrs{{0, 1, 3, 2}});
  const NodeId mixed = t.Add(Op::kMatMul, {p, v}, MatMulAttrs{miss == Miss::kValuesTransposed});
  const NodeId joined = t.Add(Op::kTranspose, {mixed}, TransposeAttrs{{0, 2, 1, 3}});
  DimShape shape = {Dim::N(), Dim::H(), Dim::W(), miss == Miss::kHeadsDiffer ? 16 : 8};
  if (miss == Miss::kJoinedOtherwise) shape = {Dim::N(), Dim::W(), Dim::H(), 8};
  t.graph.AddOutput("y", t.Add(Op::kReshape, {joined}, ReshapeAttrs{shape}));
  return FuseAttention(t.graph).value();
}

TEST(FuseAttention, LeavesNearMissesAlone) {
  EXPECT_EQ(FusedIn(Miss::kNone), 1);
  EXPECT_EQ(FusedIn(Miss::kScoresRead), 0);
  EXPECT_EQ(FusedIn(Miss::kHeadsDiffer), 0);
  EXPECT_EQ(FusedIn(Miss::kValuesTransposed), 0);
  EXPECT_EQ(FusedIn(Miss::kJoinedOtherwise), 0);
  EXPECT_EQ(FusedIn(Miss::kScaleComputed), 0);
}

TEST(MergeKeyValue, MakesOneProductOfTheConcatAndIsIdempotent) {
  TestGraph t;
  t.graph.AddOutput("y", t.AttentionHalf(t.Input(12), 3, 2));
  ASSERT_EQ(FuseAttention(t.graph).value(), 1);
  EXPECT_EQ(CountOps(t.graph, Op::kConcat), 1);
  EXPECT_EQ(MergeKeyValue(t.graph).value(), 1);
  EXPECT_TRUE(Verify(t.graph).ok());
  EXPECT_EQ(CountOps(t.graph, Op::kConcat), 0);
  EXPECT_EQ(CountOps(t.graph, Op::kLinear), 3);  // q, kv, projection
  EXPECT_EQ(MergeKeyValue(t.graph).value(), 0);
}

TEST(MergeKeyValue, FillsAMissingBiasWithZeros) {
  TestGraph t;
  const NodeId x = t.Input(4);
  t.graph.AddOutput("y", t.Add(Op::kConcat, {t.Linear(x, 2, false), t.Linear(x, 3)}));
  EXPECT_EQ(MergeKeyValue(t.graph).value(), 1);
  const Tensor* bias = t.graph.ConstantInput(t.graph.node(t.graph.outputs()[0].value), 2);
  ASSERT_NE(bias, nullptr);
  EXPECT_EQ(bias->shape(), Shape{5});
  EXPECT_EQ(bias->span<float>()[1], 0);
  EXPECT_NE(bias->span<float>()[2], 0);
}

TEST(MergeKeyValue, LeavesNearMissesAlone) {
  TestGraph t;
  const NodeId x = t.Input(4);
  const NodeId read = t.Linear(x, 4);
  t.graph.AddOutput("inputs differ",
                    t.Add(Op::kConcat, {t.Linear(x, 4), t.Linear(t.Add(Op::kRelu, {x}), 4)}));
  t.graph.AddOutput("read elsewhere", t.Add(Op::kConcat, {t.Linear(x, 4), read}));
  t.graph.AddOutput("read", read);
  t.graph.AddOutput("no product", t.Add(Op::kConcat, {t.Linear(x, 4), x}));
  EXPECT_EQ(MergeKeyValue(t.graph).value(), 0);
}

}  // namespace
}  // namespace segforge
