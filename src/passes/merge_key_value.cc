#include "passes/merge_key_value.h"

#include <algorithm>

#include "passes/rewrite.h"

namespace segforge {
namespace {

// The Linears that a Concat reads, or nothing when not all of them fit.
std::vector<ConstantLinear> MatchAt(const Graph& graph, const Uses& uses, NodeId id) {
  const Node& concat = graph.node(id);
  if (concat.op != Op::kConcat || concat.inputs.size() < 2) return {};
  std::vector<ConstantLinear> parts;
  for (NodeId input : concat.inputs) {
    const std::optional<ConstantLinear> part = MatchConstantLinear(graph, input);
    if (!part || !uses.HasOnlyReader(input, id)) return {};
    if (!parts.empty() && part->x != parts.front().x) return {};
    parts.push_back(*part);
  }
  return parts;
}

Tensor StackWeights(const std::vector<ConstantLinear>& parts) {
  std::vector<float> values;
  int64_t rows = 0;
  for (const ConstantLinear& part : parts) {
    const auto weight = part.weight->span<float>();
    values.insert(values.end(), weight.begin(), weight.end());
    rows += part.weight->shape()[0];
  }
  return Tensor::From<float>(Shape{rows, parts.front().weight->shape()[1]}, values);
}

std::optional<Tensor> StackBiases(const std::vector<ConstantLinear>& parts) {
  if (std::ranges::all_of(parts, [](const ConstantLinear& part) { return part.bias == nullptr; }))
    return std::nullopt;
  std::vector<float> values;
  for (const ConstantLinear& part : parts) {
    const size_t end = values.size() + static_cast<size_t>(part.weight->shape()[0]);
    if (part.bias != nullptr)
      values.insert(values.end(), part.bias->span<float>().begin(), part.bias->span<float>().end());
    values.resize(end, 0.0f);
  }
  return Tensor::From<float>(Shape{static_cast<int64_t>(values.size())}, values);
}

}  // namespace

Result<int> MergeKeyValue(Graph& graph) {
  return RewriteEach(graph, [&](const Uses& uses, NodeId id) -> Result<bool> {
    const std::vector<ConstantLinear> parts = MatchAt(graph, uses, id);
    if (parts.empty()) return false;
    const std::string name = graph.node(id).name;
    SEGFORGE_ASSIGN_OR_RETURN(const NodeId merged, AddLinear(graph, name, parts.front().x,
                                                             StackWeights(parts), StackBiases(parts)));
    graph.Replace(id, merged);
    return true;
  });
}

}  // namespace segforge
