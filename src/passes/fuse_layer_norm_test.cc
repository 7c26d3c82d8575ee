#include "passes/fuse_layer_norm.h"

#include <gtest/gtest.h>

#include "passes/test_graphs.h"

namespace segforge {
namespace {

TEST(FuseLayerNorm, FiresOnBothSpellingsOfTheSquareAndIsIdempotent) {
  for (const bool pow : {false, true}) {
    TestGraph t;
    t.graph.AddOutput("y", t.DecomposedLayerNorm(t.Input(6), pow));
    EXPECT_EQ(FuseLayerNorm(t.graph).value(), 1);
    EXPECT_TRUE(Verify(t.graph).ok());
    EXPECT_EQ(t.graph.LiveNodes().size(), 4u);  // x, gamma, beta, LayerNorm
    const Node& norm = t.graph.node(t.graph.outputs()[0].value);
    EXPECT_EQ(norm.op, Op::kLayerNorm);
    EXPECT_EQ(norm.as<LayerNormAttrs>().eps, 1e-5f);
    EXPECT_EQ(FuseLayerNorm(t.graph).value(), 0);
  }
}

struct Parts {
  float exponent = 2;
  bool other_mean = false;     // the mean of something else is taken away
  bool output_d = false;       // d is an output
  bool read_variance = false;  // the variance has a second reader
  bool computed_eps = false;   // eps is no constant
};

int FusedIn(const Parts& parts) {
  TestGraph t;
  const NodeId x = t.Input(6);
  const NodeId meaned = parts.other_mean ? t.Add(Op::kRelu, {x}) : x;
  const NodeId d = t.Add(Op::kSub, {x, t.Add(Op::kReduceMean, {meaned})});
  const NodeId variance = t.Add(Op::kReduceMean, {t.Add(Op::kPow, {d, t.Scalar(parts.exponent)})});
  const NodeId eps = parts.computed_eps ? t.Add(Op::kRelu, {t.Scalar(1e-5f)}) : t.Scalar(1e-5f);
  t.graph.AddOutput("y", t.Add(Op::kDiv, {d, t.Add(Op::kSqrt, {t.Add(Op::kAdd, {variance, eps})})}));
  if (parts.output_d) t.graph.AddOutput("d", d);
  if (parts.read_variance) t.graph.AddOutput("relu", t.Add(Op::kRelu, {variance}));
  return FuseLayerNorm(t.graph).value();
}

TEST(FuseLayerNorm, LeavesNearMissesAlone) {
  EXPECT_EQ(FusedIn({}), 1);
  EXPECT_EQ(FusedIn({.exponent = 3}), 0);
  EXPECT_EQ(FusedIn({.other_mean = true}), 0);
  EXPECT_EQ(FusedIn({.output_d = true}), 0);
  EXPECT_EQ(FusedIn({.read_variance = true}), 0);
  EXPECT_EQ(FusedIn({.computed_eps = true}), 0);
}

TEST(FuseLayerNorm, LeavesAGammaThatSomeoneElseReadsBehind) {
  TestGraph t;
  const NodeId x = t.Input(6);
  const NodeId y = t.DecomposedLayerNorm(x, true);
  const NodeId scaled = t.graph.node(y).inputs[0];
  t.graph.AddOutput("y", y);
  t.graph.AddOutput("scaled", scaled);
  EXPECT_EQ(FuseLayerNorm(t.graph).value(), 1);
  EXPECT_EQ(CountOps(t.graph, Op::kAdd), 1);
  EXPECT_EQ(t.graph.node(t.graph.outputs()[1].value).op, Op::kLayerNorm);
}

}  // namespace
}  // namespace segforge
