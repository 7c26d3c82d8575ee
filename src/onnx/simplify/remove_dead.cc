#include "onnx/simplify/remove_dead.h"

#include <algorithm>

namespace segforge::simplify {
namespace {

bool IsUsed(const Graph& graph, ValueId id) {
  return id != kNone && (!graph.value(id).readers.empty() || graph.value(id).is_output);
}

// Outputs that operators may leave out: of Dropout, MaxPool and the norms all but the first.
bool MayLeaveOut(const Node& node, size_t output) {
  static constexpr std::string_view kOps[] = {"Dropout", "MaxPool", "LayerNormalization"};
  return output > 0 && node.spec.domain.empty() &&
         std::ranges::find(kOps, std::string_view(node.spec.op)) != std::end(kOps);
}

}  // namespace

Result<int> RemoveDead(Graph& graph) {
  int count = 0;
  std::vector<NodeId> order = graph.Order();
  std::ranges::reverse(order);
  for (const NodeId id : order) {
    Node& node = graph.node(id);
    if (std::ranges::none_of(node.outputs, [&](ValueId output) { return IsUsed(graph, output); })) {
      graph.Remove(id);
      ++count;
      continue;
    }
    while (MayLeaveOut(node, node.outputs.size() - 1) && !IsUsed(graph, node.outputs.back())) {
      if (node.outputs.back() != kNone) graph.value(node.outputs.back()).producer = kNone;
      node.outputs.pop_back();
    }
  }
  return count;
}

}  // namespace segforge::simplify
