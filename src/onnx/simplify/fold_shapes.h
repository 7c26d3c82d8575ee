// before  y = Reshape(x, Concat(Shape(x)[0], 8, Shape(x)[1] * 32, ..))
// after   y = Reshape(x, [0, 8, -1, ..])
// when    every size but one is a number, or the size of x at that place
// effect  none; where a size is 0 that is left open, the result is none
#pragma once

#include "onnx/simplify/graph.h"

namespace segforge::simplify {

Result<int> FoldShapes(Graph& graph);

}  // namespace segforge::simplify
