#include "passes/decompose_gelu.h"

#include <numbers>

#include "passes/parts.h"
#include "passes/rewrite.h"

namespace segforge {
namespace {

NodeId AddParts(Graph& graph, const Node& gelu) {
  const Parts parts(graph, gelu.name);
  const NodeId x = gelu.inputs[0];
  const NodeId factor = parts.Scalar("factor", std::numbers::sqrt2_v<float> / 2);
  const NodeId erf = parts.Add(Op::kErf, "erf", {parts.Add(Op::kMul, "inner", {x, factor})});
  const NodeId sum = parts.Add(Op::kAdd, "sum", {erf, parts.Scalar("one", 1)});
  const NodeId product = parts.Add(Op::kMul, "product", {x, sum});
  return parts.Add(Op::kMul, "", {product, parts.Scalar("half", 0.5f)});
}

}  // namespace

Result<int> DecomposeGelu(Graph& graph) {
  return RewriteEach(graph, [&](const Uses&, NodeId id) -> Result<bool> {
    if (graph.node(id).op != Op::kGelu) return false;
    const Node gelu = graph.node(id);  // adding moves nodes
    graph.Replace(id, AddParts(graph, gelu));
    return true;
  });
}

}  // namespace segforge
