#include "passes/fuse_decode_head.h"

#include "passes/rewrite.h"

namespace segforge {
namespace {

bool IsLinearWithBias(const Graph& graph, NodeId id) {
  const std::optional<ConstantLinear> linear = MatchConstantLinear(graph, id);
  return linear && linear->bias != nullptr;
}

// The inputs of the DecodeHead whose classifier is `id`.
std::optional<std::vector<NodeId>> MatchAt(const Graph& graph, const Uses& uses, NodeId id) {
  if (!IsLinearWithBias(graph, id)) return std::nullopt;
  const Node& classifier = graph.node(id);
  const Node& sum = graph.node(classifier.inputs[0]);
  if (sum.op != Op::kUpsampleSum || sum.inputs.size() < 2 ||
      sum.as<UpsampleSumAttrs>().activation != Activation::kRelu ||
      !uses.HasOnlyReader(classifier.inputs[0], id)) {
    return std::nullopt;
  }
  const NodeId first = sum.inputs[0];
  if (!uses.HasOnlyReader(first, classifier.inputs[0]) || !IsLinearWithBias(graph, first)) {
    return std::nullopt;
  }
  std::vector<NodeId> inputs = graph.node(first).inputs;
  inputs.insert(inputs.end(), {classifier.inputs[1], classifier.inputs[2]});
  inputs.insert(inputs.end(), sum.inputs.begin() + 1, sum.inputs.end());
  return inputs;
}

}  // namespace

Result<int> FuseDecodeHead(Graph& graph) {
  return RewriteEach(graph, [&](const Uses& uses, NodeId id) -> Result<bool> {
    std::optional<std::vector<NodeId>> inputs = MatchAt(graph, uses, id);
    if (!inputs) return false;
    const std::string name = graph.node(id).name;
    SEGFORGE_ASSIGN_OR_RETURN(const NodeId fused,
                              graph.Add(Op::kDecodeHead, name, std::move(*inputs), NoAttrs()));
    graph.Replace(id, fused);
    return true;
  });
}

}  // namespace segforge
