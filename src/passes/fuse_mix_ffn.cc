#include "passes/fuse_mix_ffn.h"

#include "passes/rewrite.h"

namespace segforge {
namespace {

struct Match {
  std::vector<NodeId> inputs;  // of the MixFfn
  std::vector<NodeId> replaced;
  std::string name;
  float eps = 0;
};

// Whether inputs 1 and 2 of a node are constants: weight and bias, or gamma and beta.
bool HasConstants(const Graph& graph, const Node& node) {
  return FloatConstant(graph, node, 1) != nullptr && FloatConstant(graph, node, 2) != nullptr;
}

// sum = x + branch
std::optional<Match> MatchBranch(const Graph& graph, const Uses& uses, NodeId sum, NodeId branch, NodeId x) {
  static constexpr Op kChain[] = {Op::kLinear, Op::kGelu, Op::kDepthwiseConv2d, Op::kLinear, Op::kLayerNorm};
  std::vector<const Node*> chain;
  std::vector<NodeId> replaced = {sum};
  NodeId reader = sum, id = branch;
  for (Op op : kChain) {
    const Node& node = graph.node(id);
    if (node.op != op || !uses.HasOnlyReader(id, reader)) return std::nullopt;
    if (op != Op::kGelu && !HasConstants(graph, node)) return std::nullopt;
    chain.push_back(&node);
    replaced.push_back(id);
    reader = id;
    id = node.inputs[0];
  }
  const Node &fc2 = *chain[0], &conv = *chain[2], &fc1 = *chain[3], &norm = *chain[4];
  const bool fits = id == x && graph.node(x).type == graph.node(sum).type &&
                    graph.node(x).type.shape.size() == 4 && conv.as<Conv2dAttrs>() == Conv2dAttrs{1, 1};
  if (!fits) return std::nullopt;
  return Match{{x, norm.inputs[1], norm.inputs[2], fc1.inputs[1], fc1.inputs[2], conv.inputs[1],
                conv.inputs[2], fc2.inputs[1], fc2.inputs[2]},
               std::move(replaced),
               CommonName({fc1.name, fc2.name}),
               norm.as<LayerNormAttrs>().eps};
}

std::optional<Match> MatchAt(const Graph& graph, const Uses& uses, NodeId id) {
  const Node& sum = graph.node(id);
  if (sum.op != Op::kAdd) return std::nullopt;
  std::optional<Match> match = MatchBranch(graph, uses, id, sum.inputs[1], sum.inputs[0]);
  return match ? match : MatchBranch(graph, uses, id, sum.inputs[0], sum.inputs[1]);
}

}  // namespace

Result<int> FuseMixFfn(Graph& graph, const TakesFused& takes) {
  return RewriteEach(graph, [&](const Uses& uses, NodeId id) -> Result<bool> {
    std::optional<Match> match = MatchAt(graph, uses, id);
    if (!match) return false;
    SEGFORGE_ASSIGN_OR_RETURN(
        const NodeId fused,
        graph.Add(Op::kMixFfn, match->name, std::move(match->inputs), MixFfnAttrs{match->eps}));
    if (takes && !takes(graph, graph.node(fused), match->replaced)) return false;
    graph.Replace(id, fused);
    return true;
  });
}

}  // namespace segforge
