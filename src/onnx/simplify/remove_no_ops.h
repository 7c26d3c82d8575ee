// before  y = Identity(x) | Dropout(x) | Cast(x) to its own type | Reshape(x) to its own shape, and so on
// after   readers of y read x
// when    x and y have the same type and sizes, and what the operator is told leaves elements in place;
//         a name that must stay is not y's
// effect  none, but that x + 0 of x = -0.0 is 0.0
#pragma once

#include "onnx/simplify/graph.h"

namespace segforge::simplify {

Result<int> RemoveNoOps(Graph& graph);

}  // namespace segforge::simplify
