#include "passes/decompose_layer_norm.h"

#include "passes/parts.h"
#include "passes/rewrite.h"

namespace segforge {
namespace {

NodeId AddParts(Graph& graph, const Node& norm) {
  const Parts parts(graph, norm.name);
  const NodeId x = norm.inputs[0];
  const NodeId centred = parts.Add(Op::kSub, "centred", {x, parts.Add(Op::kReduceMean, "mean", {x})});
  const NodeId square = parts.Add(Op::kMul, "square", {centred, centred});
  const NodeId variance = parts.Add(Op::kReduceMean, "variance", {square});
  const NodeId eps = parts.Scalar("eps", norm.as<LayerNormAttrs>().eps);
  const NodeId deviation =
      parts.Add(Op::kSqrt, "deviation", {parts.Add(Op::kAdd, "variance_eps", {variance, eps})});
  const NodeId normal = parts.Add(Op::kDiv, "normal", {centred, deviation});
  const NodeId scaled = parts.Add(Op::kMul, "scaled", {normal, norm.inputs[1]});
  return parts.Add(Op::kAdd, "", {scaled, norm.inputs[2]});
}

}  // namespace

Result<int> DecomposeLayerNorm(Graph& graph, FunctionRef<bool(NodeId layer_norm)> keeps) {
  return RewriteEach(graph, [&](const Uses&, NodeId id) -> Result<bool> {
    if (graph.node(id).op != Op::kLayerNorm || keeps(id)) return false;
    const Node norm = graph.node(id);  // adding moves nodes
    graph.Replace(id, AddParts(graph, norm));
    return true;
  });
}

}  // namespace segforge
