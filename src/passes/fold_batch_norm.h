// before  y = BatchNorm(Linear | Conv2d (x, w, [b]), gamma, beta, mean, variance)
// after   y = Linear | Conv2d (x, w * s, (b - mean) * s + beta), where s = gamma / sqrt(variance + eps), one
// a row of w when    the product has no other reader, and all parameters are constants effect  the same real
// arithmetic; the new weights are computed in double and rounded once
#pragma once

#include "ir/graph.h"

namespace segforge {

Result<int> FoldBatchNorm(Graph& graph);

}  // namespace segforge
