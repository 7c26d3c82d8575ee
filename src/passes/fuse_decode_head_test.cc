#include "passes/fuse_decode_head.h"

#include <gtest/gtest.h>

#include "passes/fold_batch_norm.h"
#include "passes/fold_head.h"
#include "passes/test_graphs.h"

namespace segforge {
namespace {

TEST(FuseDecodeHead, FiresBehindEitherKindOfHeadAndIsIdempotent) {
  for (const bool relu : {false, true}) {
    TestGraph t;
    std::vector<NodeId> features = {t.Input(6)};
    features.push_back(t.Conv(features.back(), 7, 3, 2, 1));
    features.push_back(t.Conv(features.back(), 9, 3, 2, 1));
    t.graph.AddOutput("logits", t.Head(features, 8, relu));
    ASSERT_GT(FoldBatchNorm(t.graph).value(), 0);
    ASSERT_EQ(FoldHead(t.graph).value(), 1);
    EXPECT_EQ(FuseDecodeHead(t.graph).value(), 1);
    EXPECT_TRUE(Verify(t.graph).ok());
    EXPECT_EQ(CountOps(t.graph, Op::kDecodeHead), 1);
    EXPECT_EQ(CountOps(t.graph, Op::kUpsampleSum), 0);
    EXPECT_EQ(FuseDecodeHead(t.graph).value(), 0);
  }
}

enum class Miss { kNone, kNoMaps, kNoRelu, kSumRead, kProjectionRead, kNoBias, kNoProjection };

int FusedIn(Miss miss) {
  TestGraph t;
  const NodeId x = t.Input(6);
  NodeId first = t.Linear(x, 8, miss != Miss::kNoBias);
  if (miss == Miss::kProjectionRead) t.graph.AddOutput("projection", first);
  if (miss == Miss::kNoProjection) first = t.Add(Op::kRelu, {first});
  std::vector<NodeId> terms = {first};
  if (miss != Miss::kNoMaps) terms.push_back(t.Linear(t.Conv(x, 7, 3, 2, 1), 8));
  const Activation activation = miss == Miss::kNoRelu ? Activation::kNone : Activation::kRelu;
  const NodeId sum = t.Add(Op::kUpsampleSum, terms, UpsampleSumAttrs{activation});
  if (miss == Miss::kSumRead) t.graph.AddOutput("sum", sum);
  t.graph.AddOutput("y", t.Linear(sum, 4));
  return FuseDecodeHead(t.graph).value();
}

TEST(FuseDecodeHead, LeavesNearMissesAlone) {
  EXPECT_EQ(FusedIn(Miss::kNone), 1);
  for (const Miss miss : {Miss::kNoMaps, Miss::kNoRelu, Miss::kSumRead, Miss::kProjectionRead, Miss::kNoBias,
                          Miss::kNoProjection}) {
    EXPECT_EQ(FusedIn(miss), 0) << static_cast<int>(miss);
  }
}

}  // namespace
}  // namespace segforge
