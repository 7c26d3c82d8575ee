#include "engine/choose_precision.h"

#include <gtest/gtest.h>

namespace segforge {
namespace {

// In 16 bits 1e-6 is nearly nothing, and a variance may be more than they hold.
TEST(ChoosePrecision, AVarianceAndItsEpsilonStayWide) {
  Graph graph;
  const NodeId x = graph.AddInput("x", {DType::kF32, {Dim::N(), Dim::H(), Dim::W(), 8}});
  const NodeId eps = graph.AddConstant("eps", Tensor(DType::kF32, Shape{1}));
  const NodeId mean = graph.Add(Op::kReduceMean, "mean", {x}).value();
  const NodeId variance = graph.Add(Op::kAdd, "variance_eps", {mean, eps}).value();
  const NodeId sum = graph.Add(Op::kAdd, "sum", {x, graph.Add(Op::kRelu, "relu", {x}).value()}).value();
  graph.AddOutput("y", graph.Add(Op::kSub, "y", {sum, variance}).value());
  const auto choice = ChoosePrecision(graph, Precision::kFp16, {});
  ASSERT_TRUE(choice.ok());
  EXPECT_EQ((*choice)(graph.node(mean)), Precision::kFp32);
  EXPECT_EQ((*choice)(graph.node(variance)), Precision::kFp32);
  EXPECT_EQ((*choice)(graph.node(sum)), Precision::kFp16);
}

}  // namespace
}  // namespace segforge
