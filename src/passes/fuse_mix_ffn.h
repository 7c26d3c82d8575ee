// before  y = x + Linear(Gelu(DepthwiseConv2d(Linear(LayerNorm(x), w1, b1), wd 3x3, bd)), w2, b2)
// after   y = MixFfn(x, gamma, beta, w1, b1, wd, bd, w2, b2; eps)
// when    no value in between has another reader; all parameters are there and constants; the backend takes
// it effect  the same real arithmetic; a backend may keep the wide middle in cache instead of memory
#pragma once

#include "ir/graph.h"
#include "passes/takes_fused.h"

namespace segforge {

Result<int> FuseMixFfn(Graph& graph, const TakesFused& takes = {});

}  // namespace segforge
