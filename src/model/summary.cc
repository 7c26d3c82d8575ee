#include "model/summary.h"

#include <set>

namespace segforge {
namespace {

PartSummary& PartOf(Summary& summary, std::string_view name) {
  constexpr std::string_view kStage = "stage";
  const bool is_stage = name.starts_with(kStage) && name.size() > kStage.size() + 1 &&
                        name[kStage.size()] >= '1' && name[kStage.size()] <= '4' &&
                        name[kStage.size() + 1] == '.';
  return is_stage ? summary.stages[static_cast<size_t>(name[kStage.size()] - '1')] : summary.head;
}

bool IsLearned(const Node& reader, size_t input) {
  if (reader.op == Op::kMul) return false;
  return reader.op != Op::kBatchNorm || input < 3;
}

int64_t LearnedElements(const Graph& graph, const Node& reader, std::set<NodeId>& counted) {
  int64_t elements = 0;
  for (size_t i = 0; i < reader.inputs.size(); ++i) {
    const Tensor* constant = graph.ConstantInput(reader, i);
    if (constant == nullptr || !IsLearned(reader, i)) continue;
    if (counted.insert(reader.inputs[i]).second) elements += constant->shape().elems();
  }
  return elements;
}

}  // namespace

Summary Summarize(const Graph& graph, const InputSize& size) {
  Summary summary;
  std::set<NodeId> counted;
  for (NodeId id : graph.LiveNodes()) {
    const Node& node = graph.node(id);
    const PartSummary added = {LearnedElements(graph, node, counted), CountMacs(graph, node, size)};
    for (PartSummary* part : {&PartOf(summary, node.name), &summary.total}) {
      part->parameters += added.parameters;
      part->macs += added.macs;
    }
  }
  return summary;
}

}  // namespace segforge
