#include "passes/fuse_upsample_sum.h"

#include <gtest/gtest.h>

#include "passes/test_graphs.h"

namespace segforge {
namespace {

enum class Miss { kNone, kNoRelu, kNotResized, kSumRead, kMapRead, kBroadcast };

// relu((x + resize(a)) + resize(b)); returns the number of maps that were fused into one sum.
size_t MapsFused(Miss miss) {
  TestGraph t;
  const NodeId x = t.Input(6);
  const NodeId a = t.Conv(x, 6, 3, 2, 1), b = t.Conv(a, 6, 3, 2, 1);
  const NodeId map_a = t.Resize(a, x);
  NodeId map_b = miss == Miss::kNotResized ? x : t.Resize(b, x);
  if (miss == Miss::kBroadcast) map_b = t.Add(Op::kResizeBilinear, {b}, ResizeAttrs{1, 1});
  const NodeId inner = t.Add(Op::kAdd, {x, map_a});
  const NodeId sum = t.Add(Op::kAdd, {inner, map_b});
  const NodeId y = t.Add(miss == Miss::kNoRelu ? Op::kGelu : Op::kRelu, {sum});
  t.graph.AddOutput("y", y);
  if (miss == Miss::kSumRead) t.graph.AddOutput("inner", inner);
  if (miss == Miss::kMapRead) t.graph.AddOutput("map", map_b);
  const int fused = FuseUpsampleSum(t.graph).value();
  EXPECT_TRUE(Verify(t.graph).ok());
  EXPECT_EQ(FuseUpsampleSum(t.graph).value(), 0);
  if (fused == 0) return 0;
  const Node& node = t.graph.node(t.graph.outputs()[0].value);
  EXPECT_EQ(node.op, Op::kUpsampleSum);
  EXPECT_EQ(node.as<UpsampleSumAttrs>().activation, Activation::kRelu);
  EXPECT_EQ(node.inputs.back(), b);
  return node.inputs.size() - 1;
}

TEST(FuseUpsampleSum, TakesEveryMapThatItMay) {
  EXPECT_EQ(MapsFused(Miss::kNone), 2u);
  EXPECT_EQ(MapsFused(Miss::kSumRead), 1u);
}

TEST(FuseUpsampleSum, LeavesNearMissesAlone) {
  for (const Miss miss : {Miss::kNoRelu, Miss::kNotResized, Miss::kMapRead, Miss::kBroadcast})
    EXPECT_EQ(MapsFused(miss), 0u);
}

}  // namespace
}  // namespace segforge
