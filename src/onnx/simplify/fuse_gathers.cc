#include "onnx/simplify/fuse_gathers.h"

#include "onnx/simplify/rewrite.h"

namespace segforge::simplify {

Result<int> FuseGathers(Graph& graph) {
  return RewriteEach(graph, [&](NodeId id) -> Result<bool> {
    const Node& node = graph.node(id);
    if (!node.Is("Unsqueeze") || !node.Has(0)) return false;
    const Node* gather = graph.Producer(node.inputs[0]);
    if (gather == nullptr || !gather->Is("Gather")) return false;
    const Sizes *list = graph.DimsOf(*gather, 0), *index = graph.DimsOf(*gather, 1);
    const auto numbers = NumbersOf(graph, *gather, 1, "");
    const std::optional<Sizes>& result = graph.value(node.outputs[0]).type.dims;
    const bool fits = list != nullptr && list->size() == 1 && index != nullptr && index->empty() && numbers &&
                      result && result->size() == 1;
    if (!fits) return false;
    const ValueId x = gather->inputs[0];
    const ValueId indices = graph.AddConstant(graph.value(gather->inputs[1]).name, KnownValue::Of(*numbers));
    graph.Become(id, "Gather", {x, indices}, {{"axis", int64_t{0}}});
    return true;
  });
}

}  // namespace segforge::simplify
