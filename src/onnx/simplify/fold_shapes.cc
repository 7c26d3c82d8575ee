#include "onnx/simplify/fold_shapes.h"

#include "onnx/simplify/rewrite.h"

namespace segforge::simplify {

Result<int> FoldShapes(Graph& graph) {
  return RewriteEach(graph, [&](NodeId id) -> Result<bool> {
    const Node& node = graph.node(id);
    if (!node.Is("Reshape") || !node.Has(1) || graph.Constant(node, 1) != nullptr) return false;
    const std::optional<Sizes>& sizes = graph.value(node.outputs[0]).type.dims;
    if (!sizes || !graph.value(node.inputs[1]).content) return false;
    const auto shape = ShapeToAsk(graph.DimsOf(node, 0), *sizes);
    if (!shape) return false;
    const std::string like = graph.value(node.inputs[1]).name;
    graph.SetInput(id, 1, graph.AddConstant(like, KnownValue::Of(*shape)));
    RemoveAttribute(graph.node(id), "allowzero");
    return true;
  });
}

}  // namespace segforge::simplify
