// The passes that fuse or lower single steps of a block.
#include <gtest/gtest.h>

#include "passes/assign_precision.h"
#include "passes/fuse_depthwise_gelu.h"
#include "passes/fuse_epilogue.h"
#include "passes/fuse_mix_ffn.h"
#include "passes/lower_patch_conv.h"
#include "passes/split_mix_ffn.h"
#include "passes/test_graphs.h"

namespace segforge {
namespace {

TEST(LowerPatchConv, FiresWhereKernelIsStrideAndIsIdempotent) {
  TestGraph t;
  t.graph.AddOutput("y", t.Conv(t.Input(3), 8, 4, 4, 0));
  EXPECT_EQ(LowerPatchConv(t.graph).value(), 1);
  EXPECT_TRUE(Verify(t.graph).ok());
  EXPECT_EQ(CountOps(t.graph, Op::kPatchLinear), 1);
  EXPECT_EQ(CountOps(t.graph, Op::kConv2d), 0);
  EXPECT_EQ(LowerPatchConv(t.graph).value(), 0);
}

TEST(LowerPatchConv, LeavesOverlapAndPaddingAlone) {
  TestGraph t;
  const NodeId x = t.Input(3);
  t.graph.AddOutput("overlap", t.Conv(x, 8, 7, 4, 0));
  t.graph.AddOutput("gap", t.Conv(x, 8, 3, 4, 0));
  t.graph.AddOutput("padding", t.Conv(x, 8, 4, 4, 1));
  EXPECT_EQ(LowerPatchConv(t.graph).value(), 0);
}

TEST(FuseMixFfn, FiresAndIsIdempotent) {
  TestGraph t;
  t.graph.AddOutput("y", t.MixFfnHalf(t.MixFfnHalf(t.Input(6))));
  EXPECT_EQ(FuseMixFfn(t.graph).value(), 2);
  EXPECT_TRUE(Verify(t.graph).ok());
  EXPECT_EQ(CountOps(t.graph, Op::kMixFfn), 2);
  EXPECT_EQ(CountOps(t.graph, Op::kLinear), 0);
  EXPECT_EQ(t.graph.node(t.graph.outputs()[0].value).as<MixFfnAttrs>().eps, 1e-6f);
  EXPECT_EQ(FuseMixFfn(t.graph).value(), 0);
}

enum class Miss { kNone, kSwapped, kHiddenRead, kOtherResidual, kNoBias, kRelu };

int FusedIn(Miss miss) {
  TestGraph t;
  const NodeId x = t.Input(6);
  const NodeId fc1 = t.Linear(t.LayerNorm(x), 9);
  const NodeId active = t.Add(miss == Miss::kRelu ? Op::kRelu : Op::kGelu, {t.Depthwise(fc1)});
  const NodeId fc2 = t.Linear(active, 6, miss != Miss::kNoBias);
  const NodeId residual = miss == Miss::kOtherResidual ? t.Add(Op::kRelu, {x}) : x;
  if (miss == Miss::kHiddenRead) t.graph.AddOutput("hidden", fc1);
  t.graph.AddOutput("y",
                    miss == Miss::kSwapped ? t.Add(Op::kAdd, {fc2, x}) : t.Add(Op::kAdd, {residual, fc2}));
  return FuseMixFfn(t.graph).value();
}

TEST(FuseMixFfn, LeavesNearMissesAlone) {
  EXPECT_EQ(FusedIn(Miss::kNone), 1);
  EXPECT_EQ(FusedIn(Miss::kSwapped), 1);
  EXPECT_EQ(FusedIn(Miss::kHiddenRead), 0);
  EXPECT_EQ(FusedIn(Miss::kOtherResidual), 0);
  EXPECT_EQ(FusedIn(Miss::kNoBias), 0);
  EXPECT_EQ(FusedIn(Miss::kRelu), 0);
}

TEST(SplitMixFfn, SplitsThoseThatAreChosenInTheirPrecision) {
  TestGraph t;
  t.graph.AddOutput("y", t.MixFfnHalf(t.MixFfnHalf(t.Input(6))));
  ASSERT_EQ(FuseMixFfn(t.graph).value(), 2);
  ASSERT_TRUE(AssignPrecision(t.graph, [](const Node&) { return Precision::kFp16; }).ok());
  const NodeId last = t.graph.node(t.graph.outputs()[0].value).inputs[0];  // before the Cast
  ASSERT_EQ(t.graph.node(last).op, Op::kMixFfn);
  const std::string name = t.graph.node(last).name;
  const auto is_last = [&](const Graph&, const Node& node) { return node.name == name; };
  EXPECT_EQ(SplitMixFfn(t.graph, is_last).value(), 1);
  EXPECT_TRUE(Verify(t.graph).ok());
  EXPECT_EQ(CountOps(t.graph, Op::kMixFfn), 1);
  EXPECT_EQ(CountOps(t.graph, Op::kLinearEpilogue), 1);
  for (const NodeId id : t.graph.LiveNodes()) {
    const Node& node = t.graph.node(id);
    if (node.op == Op::kCast || !node.name.starts_with(name + ".")) continue;
    EXPECT_EQ(node.precision, Precision::kFp16) << node.name;
  }
  EXPECT_EQ(SplitMixFfn(t.graph, is_last).value(), 0);
}

TEST(FuseDepthwiseGelu, FiresAndIsIdempotent) {
  TestGraph t;
  t.graph.AddOutput("y", t.Add(Op::kGelu, {t.Depthwise(t.Input(6))}));
  EXPECT_EQ(FuseDepthwiseGelu(t.graph).value(), 1);
  EXPECT_TRUE(Verify(t.graph).ok());
  EXPECT_EQ(t.graph.node(t.graph.outputs()[0].value).op, Op::kDepthwiseConvGelu);
  EXPECT_EQ(FuseDepthwiseGelu(t.graph).value(), 0);
}

TEST(FuseDepthwiseGelu, LeavesAConvolutionThatSomeoneElseReadsAlone) {
  TestGraph t;
  const NodeId conv = t.Depthwise(t.Input(6));
  t.graph.AddOutput("y", t.Add(Op::kGelu, {conv}));
  t.graph.AddOutput("conv", conv);
  EXPECT_EQ(FuseDepthwiseGelu(t.graph).value(), 0);
}

TEST(FuseEpilogue, TakesResidualAndActivationAndIsIdempotent) {
  TestGraph t;
  const NodeId x = t.Input(6);
  const NodeId sum = t.Add(Op::kAdd, {x, t.Linear(x, 6, false)});
  const NodeId active = t.Add(Op::kGelu, {t.Linear(sum, 4)});
  t.graph.AddOutput("y", t.Add(Op::kRelu, {t.Add(Op::kAdd, {t.Linear(active, 6), sum})}));
  EXPECT_EQ(FuseEpilogue(t.graph).value(), 3);
  EXPECT_TRUE(Verify(t.graph).ok());
  EXPECT_EQ(CountOps(t.graph, Op::kLinearEpilogue), 3);
  for (Op gone : {Op::kAdd, Op::kRelu, Op::kGelu, Op::kLinear}) EXPECT_EQ(CountOps(t.graph, gone), 0);
  const Node& last = t.graph.node(t.graph.outputs()[0].value);
  EXPECT_EQ(last.as<LinearEpilogueAttrs>(), (LinearEpilogueAttrs{true, true, Activation::kRelu}));
  EXPECT_EQ(FuseEpilogue(t.graph).value(), 0);
}

TEST(FuseEpilogue, TakesOneOfTwoProductsThatAreAdded) {
  TestGraph t;
  const NodeId x = t.Input(6);
  t.graph.AddOutput("y", t.Add(Op::kAdd, {t.Linear(x, 6), t.Linear(x, 6)}));
  EXPECT_EQ(FuseEpilogue(t.graph).value(), 1);
  EXPECT_TRUE(Verify(t.graph).ok());
  EXPECT_EQ(CountOps(t.graph, Op::kLinear), 1);
}

TEST(FuseEpilogue, LeavesNearMissesAlone) {
  TestGraph t;
  const NodeId x = t.Input(6);
  const NodeId read = t.Linear(x, 6);
  t.graph.AddOutput("read elsewhere", t.Add(Op::kRelu, {read}));
  t.graph.AddOutput("read", read);
  t.graph.AddOutput("constant", t.Add(Op::kAdd, {t.Linear(x, 6), t.Random({6})}));
  const NodeId twice = t.Linear(x, 6);
  t.graph.AddOutput("to itself", t.Add(Op::kAdd, {twice, twice}));
  t.graph.AddOutput("plain", t.Linear(x, 6));
  EXPECT_EQ(FuseEpilogue(t.graph).value(), 0);
}

}  // namespace
}  // namespace segforge
