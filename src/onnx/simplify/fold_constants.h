// before  y = Constant(); y = Op(constants); y = a shape, or arithmetic on sizes that are all known
// after   y is an initializer
// when    the operator is known, and y takes at most 16 MiB more than what it is made of
// effect  floating-point numbers are computed in double and rounded once
#pragma once

#include "onnx/simplify/graph.h"

namespace segforge::simplify {

// Fails on constants of more than 2^28 elements, naming the node.
Result<int> FoldConstants(Graph& graph);

}  // namespace segforge::simplify
