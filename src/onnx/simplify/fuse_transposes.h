// before  y = Transpose(Transpose(x, p), q)
// after   y = Transpose(x, the one after the other)
// effect  none
#pragma once

#include "onnx/simplify/graph.h"

namespace segforge::simplify {

Result<int> FuseTransposes(Graph& graph);

}  // namespace segforge::simplify
