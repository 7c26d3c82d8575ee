#include <gtest/gtest.h>

#include "passes/decompose_gelu.h"
#include "passes/decompose_layer_norm.h"
#include "passes/fuse_gelu.h"
#include "passes/fuse_layer_norm.h"
#include "passes/test_graphs.h"

namespace segforge {
namespace {

constexpr auto kNone = [](NodeId) { return false; };

Graph NormAndGelu() {
  TestGraph t;
  t.graph.AddOutput("y", t.Add(Op::kGelu, {t.LayerNorm(t.LayerNorm(t.Input(6)))}));
  return std::move(t.graph);
}

// Ids differ between graphs that compute the same in the same way, so they are counted anew.
std::string Renumbered(const Graph& graph) {
  Graph copy;
  std::vector<NodeId> ids(static_cast<size_t>(graph.size()));
  for (const NodeId id : graph.LiveNodes()) {
    const Node& node = graph.node(id);
    NodeId& added = ids[static_cast<size_t>(id)];
    std::vector<NodeId> inputs;
    for (const NodeId input : node.inputs) inputs.push_back(ids[static_cast<size_t>(input)]);
    if (node.op == Op::kInput) {
      added = copy.AddInput(node.name, node.type);
    } else if (node.op == Op::kConstant) {
      added = copy.AddConstant(node.name, node.constant);
    } else {
      added = copy.Add(node.op, node.name, std::move(inputs), node.attributes).value();
    }
  }
  for (const GraphOutput& output : graph.outputs())
    copy.AddOutput(output.name, ids[static_cast<size_t>(output.value)]);
  return Print(copy);
}

TEST(DecomposeLayerNorm, LeavesWhatIsKept) {
  Graph graph = NormAndGelu();
  NodeId kept = -1;
  for (const NodeId id : graph.LiveNodes()) {
    if (graph.node(id).op == Op::kLayerNorm) kept = id;  // the second
  }
  EXPECT_EQ(DecomposeLayerNorm(graph, [&](NodeId id) { return id == kept; }).value(), 1);
  EXPECT_TRUE(Verify(graph).ok());
  EXPECT_EQ(CountOps(graph, Op::kLayerNorm), 1);
  EXPECT_EQ(CountOps(graph, Op::kReduceMean), 2);
  EXPECT_EQ(DecomposeLayerNorm(graph, [&](NodeId id) { return id == kept; }).value(), 0);
}

TEST(DecomposeLayerNorm, IsUndoneByFusing) {
  Graph graph = NormAndGelu();
  const std::string before = Renumbered(graph);
  EXPECT_EQ(DecomposeLayerNorm(graph, kNone).value(), 2);
  EXPECT_TRUE(Verify(graph).ok());
  EXPECT_EQ(CountOps(graph, Op::kLayerNorm), 0);
  EXPECT_EQ(FuseLayerNorm(graph).value(), 2);
  EXPECT_EQ(Renumbered(graph), before);
}

TEST(DecomposeGelu, IsUndoneByFusing) {
  Graph graph = NormAndGelu();
  const std::string before = Renumbered(graph);
  EXPECT_EQ(DecomposeGelu(graph).value(), 1);
  EXPECT_TRUE(Verify(graph).ok());
  EXPECT_EQ(CountOps(graph, Op::kGelu), 0);
  EXPECT_EQ(CountOps(graph, Op::kErf), 1);
  EXPECT_EQ(DecomposeGelu(graph).value(), 0);
  EXPECT_EQ(FuseGelu(graph).value(), 1);
  EXPECT_EQ(Renumbered(graph), before);
}

TEST(Decompose, NamesTheSameValueAndTheParts) {
  Graph graph = NormAndGelu();
  graph.NameValues();
  const NodeId gelu = graph.outputs()[0].value;
  const std::string name = graph.node(gelu).name, norm = graph.node(graph.node(gelu).inputs[0]).name;
  ASSERT_TRUE(DecomposeLayerNorm(graph, kNone).ok());
  ASSERT_TRUE(DecomposeGelu(graph).ok());
  const Node& half = graph.node(graph.outputs()[0].value);
  EXPECT_EQ(half.value, name);
  const Node& product = graph.node(half.inputs[0]);
  EXPECT_EQ(product.name, name + ".product");
  EXPECT_EQ(product.value, "");
  EXPECT_EQ(graph.node(product.inputs[0]).value, norm);
}

}  // namespace
}  // namespace segforge
