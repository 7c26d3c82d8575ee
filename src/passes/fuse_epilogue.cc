#include "passes/fuse_epilogue.h"

#include "passes/rewrite.h"

namespace segforge {
namespace {

struct Match {
  NodeId y = kNoNode;  // the last node of the pattern
  NodeId residual = kNoNode;
  Activation activation = Activation::kNone;
};

// The other operand of the Add that alone reads y, if it can be a residual; y moves to the Add.
NodeId TakeResidual(const Graph& graph, const Uses& uses, NodeId& y) {
  const NodeId reader = uses.OnlyReader(y);
  if (reader == kNoNode || graph.node(reader).op != Op::kAdd) return kNoNode;
  const Node& sum = graph.node(reader);
  const NodeId other = sum.inputs[0] == y ? sum.inputs[1] : sum.inputs[0];
  const bool fits = graph.node(other).op != Op::kConstant && graph.node(other).type == graph.node(y).type;
  if (!fits) return kNoNode;
  y = reader;
  return other;
}

Activation TakeActivation(const Graph& graph, const Uses& uses, NodeId& y) {
  const NodeId reader = uses.OnlyReader(y);
  if (reader == kNoNode) return Activation::kNone;
  const Op op = graph.node(reader).op;
  if (op != Op::kRelu && op != Op::kGelu) return Activation::kNone;
  y = reader;
  return op == Op::kRelu ? Activation::kRelu : Activation::kGelu;
}

}  // namespace

Result<int> FuseEpilogue(Graph& graph) {
  return RewriteEach(graph, [&](const Uses& uses, NodeId id) -> Result<bool> {
    if (graph.node(id).op != Op::kLinear) return false;
    Match match = {id, kNoNode, Activation::kNone};
    match.residual = TakeResidual(graph, uses, match.y);
    match.activation = TakeActivation(graph, uses, match.y);
    if (match.y == id) return false;
    const Node linear = graph.node(id);
    const LinearEpilogueAttrs attrs = {linear.inputs.size() > 2, match.residual != kNoNode, match.activation};
    std::vector<NodeId> inputs = linear.inputs;
    if (attrs.has_residual) inputs.push_back(match.residual);
    SEGFORGE_ASSIGN_OR_RETURN(const NodeId fused,
                              graph.Add(Op::kLinearEpilogue, linear.name, std::move(inputs), attrs));
    graph.Replace(match.y, fused);
    return true;
  });
}

}  // namespace segforge
