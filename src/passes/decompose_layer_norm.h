// before  y = LayerNorm(x, gamma, beta, eps)
// after   d = x - ReduceMean(x); y = d / Sqrt(ReduceMean(d * d) + eps) * gamma + beta
// when    the user wants it in parts; nodes are named after it: NAME.mean, NAME.variance
// effect  the same real arithmetic; rounding differs by a few ulp. fuse-layer-norm undoes it
#pragma once

#include "base/thread_pool.h"
#include "ir/graph.h"

namespace segforge {

// Every LayerNorm that `keeps` is false of.
Result<int> DecomposeLayerNorm(Graph& graph, FunctionRef<bool(NodeId layer_norm)> keeps);

}  // namespace segforge
