// The op table applied to one node.
#pragma once

#include "ir/graph.h"

namespace segforge {

// Checks number of inputs, attribute kind and element types against the node's row, then infers the type of
// its value. Computed inputs share one float type, which the value has too, but for Cast and for DecodeHead,
// which gives f32; constants are f32, as is the value of a node that reads nothing else. The inputs' ids are
// in range. Errors start with op and name: Linear "stage1.block0.attention.q":
// ...
Result<ValueType> InferType(const Graph& graph, const Node& node);

// What the node's computed inputs share; f32 where it has none.
DType InputDType(const Graph& graph, const Node& node);

}  // namespace segforge
