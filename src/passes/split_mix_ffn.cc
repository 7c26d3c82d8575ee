#include "passes/split_mix_ffn.h"

#include "passes/rewrite.h"

namespace segforge {
namespace {

Result<NodeId> AddParts(Graph& graph, const Node& ffn) {
  const Precision precision = ffn.precision;
  const auto add = [&](Op op, const char* part, std::vector<NodeId> inputs,
                       Attributes attributes = NoAttrs()) {
    return graph.Add(op, ffn.name + part, std::move(inputs), std::move(attributes), precision);
  };
  const std::vector<NodeId>& in = ffn.inputs;
  SEGFORGE_ASSIGN_OR_RETURN(const NodeId norm, add(Op::kLayerNorm, ".norm", {in[0], in[1], in[2]},
                                                   LayerNormAttrs{ffn.as<MixFfnAttrs>().eps}));
  SEGFORGE_ASSIGN_OR_RETURN(const NodeId fc1, add(Op::kLinear, ".fc1", {norm, in[3], in[4]}));
  SEGFORGE_ASSIGN_OR_RETURN(const NodeId hidden,
                            add(Op::kDepthwiseConvGelu, ".dwconv", {fc1, in[5], in[6]}, Conv2dAttrs{1, 1}));
  return add(Op::kLinearEpilogue, ".fc2", {hidden, in[7], in[8], in[0]},
             LinearEpilogueAttrs{true, true, Activation::kNone});
}

}  // namespace

Result<int> SplitMixFfn(Graph& graph, FunctionRef<bool(const Graph& graph, const Node& node)> splits) {
  return RewriteEach(graph, [&](const Uses&, NodeId id) -> Result<bool> {
    const Node ffn = graph.node(id);
    if (ffn.op != Op::kMixFfn || !splits(graph, ffn)) return false;
    SEGFORGE_ASSIGN_OR_RETURN(const NodeId sum, AddParts(graph, ffn));
    graph.Replace(id, sum);
    return true;
  });
}

}  // namespace segforge
