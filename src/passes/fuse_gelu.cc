#include "passes/fuse_gelu.h"

#include <cmath>
#include <numbers>

#include "passes/rewrite.h"

namespace segforge {
namespace {

bool IsAbout(std::optional<float> value, double expected) {
  return value && std::abs(static_cast<double>(*value) - expected) <= 5e-4 * expected;
}

// Whether the node is x times or over sqrt(2), whichever makes it x / sqrt(2).
bool IsHalved(const Graph& graph, const Node& node, NodeId x) {
  if (node.inputs.empty() || node.inputs[0] != x) return false;
  if (node.op == Op::kMul) return IsAbout(ScalarConstant(graph, node, 1), std::numbers::sqrt2 / 2);
  return node.op == Op::kDiv && IsAbout(ScalarConstant(graph, node, 1), std::numbers::sqrt2);
}

// Whether `id`, which product alone reads, is Erf(x / sqrt(2)) + 1.
bool IsErfTerm(const Graph& graph, const Uses& uses, NodeId id, NodeId product, NodeId x) {
  const Node& sum = graph.node(id);
  if (sum.op != Op::kAdd || !uses.HasOnlyReader(id, product) || !IsAbout(ScalarConstant(graph, sum, 1), 1))
    return false;
  const Node& erf = graph.node(sum.inputs[0]);
  if (erf.op != Op::kErf || !uses.HasOnlyReader(sum.inputs[0], id)) return false;
  return uses.HasOnlyReader(erf.inputs[0], sum.inputs[0]) && IsHalved(graph, graph.node(erf.inputs[0]), x);
}

// The x of y = Gelu(x), or kNoNode.
NodeId MatchAt(const Graph& graph, const Uses& uses, NodeId y) {
  const Node& half = graph.node(y);
  if (half.op != Op::kMul || !IsAbout(ScalarConstant(graph, half, 1), 0.5)) return kNoNode;
  const NodeId product_id = half.inputs[0];
  const Node& product = graph.node(product_id);
  if (product.op != Op::kMul || !uses.HasOnlyReader(product_id, y)) return kNoNode;
  for (const size_t i : {0, 1}) {
    const NodeId x = product.inputs[i];
    if (IsErfTerm(graph, uses, product.inputs[1 - i], product_id, x)) return x;
  }
  return kNoNode;
}

}  // namespace

Result<int> FuseGelu(Graph& graph) {
  return RewriteEach(graph, [&](const Uses& uses, NodeId id) -> Result<bool> {
    const NodeId x = MatchAt(graph, uses, id);
    if (x == kNoNode) return false;
    SEGFORGE_ASSIGN_OR_RETURN(const NodeId fused, graph.Add(Op::kGelu, graph.node(id).name, {x}));
    graph.Replace(id, fused);
    return true;
  });
}

}  // namespace segforge
