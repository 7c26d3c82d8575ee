#include "onnx/simplify/fuse_reshapes.h"

#include "onnx/simplify/rewrite.h"

namespace segforge::simplify {
namespace {

bool IsReshape(const Node& node) {
  return (node.Is("Reshape") || node.Is("Flatten") || node.Is("Squeeze") || node.Is("Unsqueeze")) &&
         node.Has(0) && node.outputs.size() == 1;
}

}  // namespace

Result<int> FuseReshapes(Graph& graph) {
  return RewriteEach(graph, [&](NodeId id) -> Result<bool> {
    const Node& outer = graph.node(id);
    if (!IsReshape(outer)) return false;
    const Node* inner = graph.Producer(outer.inputs[0]);
    if (inner == nullptr || !IsReshape(*inner)) return false;
    const Value& result = graph.value(outer.outputs[0]);
    if (!result.type.dims) return false;
    const auto shape = ShapeToAsk(graph.DimsOf(*inner, 0), *result.type.dims);
    if (!shape) return false;
    const ValueId x = inner->inputs[0];
    const ValueId asked = graph.AddConstant(result.name + ".shape", KnownValue::Of(*shape));
    graph.Become(id, "Reshape", {x, asked});
    return true;
  });
}

}  // namespace segforge::simplify
