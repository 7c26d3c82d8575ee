// before  mean = ReduceMean(x); d = x - mean; var = ReduceMean(d * d | d ^ 2); y = d / Sqrt(var + eps) [*
// gamma] [+ beta] after   y = LayerNorm(x, gamma, beta, eps); ones and zeros stand for a missing gamma or
// beta when    mean, d, var and what follows up to y have no other reader; eps is a scalar constant; gamma
// and beta are
//         constants [C]
// effect  the same real arithmetic; rounding differs by a few ulp
#pragma once

#include "ir/graph.h"

namespace segforge {

Result<int> FuseLayerNorm(Graph& graph);

}  // namespace segforge
