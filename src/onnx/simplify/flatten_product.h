// before  y = Reshape(MatMul(Reshape(x), w) + b)
// after   y = Reshape(Gemm(Reshape(x), w, b)), where the first Reshape gives two axes
// when    w [Ci, Co] and b [Co] are constants; what lies between has no other reader
// effect  the same real arithmetic; rounding may differ
#pragma once

#include "onnx/simplify/graph.h"

namespace segforge::simplify {

Result<int> FlattenProduct(Graph& graph);

}  // namespace segforge::simplify
