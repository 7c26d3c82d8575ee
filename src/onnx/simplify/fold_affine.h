// before  y = BatchNormalization(Conv(x, w, b)) | c * Conv(x, w, b) | Conv(x, w, b) + c; also Div and Sub,
//         and ConvTranspose, Gemm and MatMul
// after   y = Conv(x, w', b')
// when    w, b and c are constants, c one number or one for each channel; nobody else reads the Conv;
//         a MatMul takes a sum only where it is of two axes, and becomes a Gemm; new weights are finite
// effect  the same real arithmetic; weights are computed in double and rounded once
#pragma once

#include "onnx/simplify/graph.h"

namespace segforge::simplify {

Result<int> FoldAffine(Graph& graph);

}  // namespace segforge::simplify
