#include "backend/cpu/constants.h"

namespace segforge {

Result<std::shared_ptr<const Tensor>> SharedConstant(const Graph& graph, const Node& node, size_t index) {
  const Node& input = graph.node(node.inputs[index]);
  if (input.constant == nullptr || input.constant->dtype() != DType::kF32) {
    return Unsupported("{}: input {} of {} must be a float32 constant on the CPU backend", node.name, index,
                       NameOf(node.op));
  }
  return input.constant;
}

}  // namespace segforge
