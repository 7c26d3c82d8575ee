// before  y = BatchNormalization(Conv(x, w, b)) | c * Conv(x, w, b) | Conv(x, w, b) + c; so with
// ConvTranspose, Gemm
//         and MatMul, and with Div and Sub
// after   y = Conv(x, w', b')
// when    w, b and c are constants, c one number or one for each channel, and nobody else reads the Conv; a
// MatMul
//         takes no sum unless it is of two axes: then it becomes a Gemm
// effect  the same real arithmetic; weights are computed in double and rounded once
#pragma once

#include "onnx/simplify/graph.h"

namespace segforge::simplify {

Result<int> FoldAffine(Graph& graph);

}  // namespace segforge::simplify
