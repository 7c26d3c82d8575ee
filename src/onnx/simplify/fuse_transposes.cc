#include "onnx/simplify/fuse_transposes.h"

#include "onnx/simplify/rewrite.h"

namespace segforge::simplify {

Result<int> FuseTransposes(Graph& graph) {
  using Ints = std::vector<int64_t>;
  return RewriteEach(graph, [&](NodeId id) -> Result<bool> {
    const Node& outer = graph.node(id);
    const Ints* second = PermutationOf(outer);
    const Node* inner = second != nullptr ? graph.Producer(outer.inputs[0]) : nullptr;
    const Ints* first = inner != nullptr ? PermutationOf(*inner) : nullptr;
    if (first == nullptr || first->size() != second->size()) return false;
    Ints both;
    for (const int64_t axis : *second) both.push_back((*first)[static_cast<size_t>(axis)]);
    graph.SetInput(id, 0, inner->inputs[0]);
    SetAttribute(graph.node(id), "perm", std::move(both));
    return true;
  });
}

}  // namespace segforge::simplify
