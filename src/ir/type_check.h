// The op table applied to one node.
#pragma once

#include "ir/graph.h"

namespace segforge {

// Checks number of inputs, attribute kind and element types against the node's row, then infers the type of
// its value. The inputs' ids are in range. Errors start with op and name: Linear "stage1.block0.attention.q":
// ...
Result<ValueType> InferType(const Graph& graph, const Node& node);

}  // namespace segforge
