// before  a = Op(x); b = Op(x) with the same attributes; initializers of the same bytes
// after   readers of b read a
// when    the operator is known: those give the same every time
// effect  none
#pragma once

#include "onnx/simplify/graph.h"

namespace segforge::simplify {

Result<int> MergeDuplicates(Graph& graph);

}  // namespace segforge::simplify
