#include "passes/fuse_depthwise_gelu.h"

#include "passes/rewrite.h"

namespace segforge {

Result<int> FuseDepthwiseGelu(Graph& graph) {
  return RewriteEach(graph, [&](const Uses& uses, NodeId id) -> Result<bool> {
    if (graph.node(id).op != Op::kGelu) return false;
    const NodeId conv_id = graph.node(id).inputs[0];
    if (graph.node(conv_id).op != Op::kDepthwiseConv2d || !uses.HasOnlyReader(conv_id, id)) return false;
    const Node conv = graph.node(conv_id);
    SEGFORGE_ASSIGN_OR_RETURN(const NodeId fused,
                              graph.Add(Op::kDepthwiseConvGelu, conv.name, conv.inputs, conv.attributes));
    graph.Replace(id, fused);
    return true;
  });
}

}  // namespace segforge
