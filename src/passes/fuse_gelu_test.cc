#include "passes/fuse_gelu.h"

#include <gtest/gtest.h>

#include "passes/test_graphs.h"

namespace segforge {
namespace {

struct Parts {
  float inner = 0.70710678f;
  bool divide = false;
  float one = 1;
  float half = 0.5f;
  bool swapped = false;     // (erf + 1) * x
  bool other_x = false;     // what is multiplied is not what erf is taken of
  bool read_twice = false;  // erf + 1 has a second reader
};

int FusedIn(const Parts& parts) {
  TestGraph t;
  const NodeId x = t.Input(6);
  const NodeId inner = t.Add(parts.divide ? Op::kDiv : Op::kMul, {x, t.Scalar(parts.inner)});
  const NodeId sum = t.Add(Op::kAdd, {t.Add(Op::kErf, {inner}), t.Scalar(parts.one)});
  const NodeId factor = parts.other_x ? t.Add(Op::kRelu, {x}) : x;
  const NodeId product = parts.swapped ? t.Add(Op::kMul, {sum, factor}) : t.Add(Op::kMul, {factor, sum});
  t.graph.AddOutput("y", t.Add(Op::kMul, {product, t.Scalar(parts.half)}));
  if (parts.read_twice) t.graph.AddOutput("sum", sum);
  const int fused = FuseGelu(t.graph).value();
  EXPECT_TRUE(Verify(t.graph).ok());
  EXPECT_EQ(CountOps(t.graph, Op::kGelu), fused);
  EXPECT_EQ(FuseGelu(t.graph).value(), 0);
  return fused;
}

TEST(FuseGelu, FiresOnEachSpelling) {
  EXPECT_EQ(FusedIn({}), 1);
  EXPECT_EQ(FusedIn({.inner = 1.41421356f, .divide = true}), 1);
  EXPECT_EQ(FusedIn({.swapped = true}), 1);
  EXPECT_EQ(FusedIn({.inner = 0.70703125f}), 1);  // as float16 has it
}

TEST(FuseGelu, LeavesNearMissesAlone) {
  EXPECT_EQ(FusedIn({.inner = 0.7f}), 0);
  EXPECT_EQ(FusedIn({.inner = 0.70710678f, .divide = true}), 0);
  EXPECT_EQ(FusedIn({.one = 2}), 0);
  EXPECT_EQ(FusedIn({.half = 1}), 0);
  EXPECT_EQ(FusedIn({.other_x = true}), 0);
  EXPECT_EQ(FusedIn({.read_twice = true}), 0);
}

}  // namespace
}  // namespace segforge
