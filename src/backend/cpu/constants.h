// How kernels get at the constants of their node.
#pragma once

#include <memory>

#include "ir/graph.h"

namespace segforge {

// Input `index` of the node as a shared constant, which the kernel then keeps alive. Fails, naming the node,
// when it is computed or not float32.
Result<std::shared_ptr<const Tensor>> SharedConstant(const Graph& graph, const Node& node, size_t index);

}  // namespace segforge
