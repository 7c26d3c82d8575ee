// before  mean = ReduceMean(x); d = x - mean; variance = ReduceMean(d * d | d ^ 2);
//         y = d / Sqrt(variance + eps) [* gamma] [+ beta]
// after   y = LayerNormalization(x, gamma, beta); ones stand for a missing gamma
// when    both means run over the last axis and keep it; mean, d and what follows have no other reader;
//         eps is a constant number, gamma and beta are constants [C]; the opset is 17 or later
// effect  the same real arithmetic; rounding differs by a few ulp
#pragma once

#include "onnx/simplify/simplify.h"

namespace segforge::simplify {

Result<int> FuseLayerNorm(Graph& graph, const Choice& choice);

}  // namespace segforge::simplify
