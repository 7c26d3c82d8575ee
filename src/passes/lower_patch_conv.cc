#include "passes/lower_patch_conv.h"

#include "passes/rewrite.h"

namespace segforge {
namespace {

bool IsPatchConv(const Graph& graph, const Node& node) {
  if (node.op != Op::kConv2d) return false;
  const auto& attrs = node.as<Conv2dAttrs>();
  const Tensor* weight = FloatConstant(graph, node, 1);
  return weight != nullptr && attrs.pad == 0 && weight->shape()[1] == attrs.stride &&
         weight->shape()[2] == attrs.stride;
}

}  // namespace

Result<int> LowerPatchConv(Graph& graph) {
  return RewriteEach(graph, [&](const Uses&, NodeId id) -> Result<bool> {
    if (!IsPatchConv(graph, graph.node(id))) return false;
    const Node conv = graph.node(id);
    SEGFORGE_ASSIGN_OR_RETURN(const NodeId lowered,
                              graph.Add(Op::kPatchLinear, conv.name, conv.inputs, conv.attributes));
    graph.Replace(id, lowered);
    return true;
  });
}

}  // namespace segforge
