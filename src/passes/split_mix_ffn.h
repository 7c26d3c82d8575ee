// before  y = MixFfn(x, gamma, beta, w1, b1, wd, bd, w2, b2; eps)
// after   y = LinearEpilogue(DepthwiseConvGelu(Linear(LayerNorm(x), w1, b1), wd 3x3, bd), w2, b2) + x
// when    `splits` says so of the node; all in the node's precision
// effect  the same real arithmetic; in 16 bits the wide middle is rounded where it is stored
//
// No pass of the pipeline: it is for graphs that were fused for another device.
#pragma once

#include "base/thread_pool.h"
#include "ir/graph.h"

namespace segforge {

// Returns how many it split.
Result<int> SplitMixFfn(Graph& graph, FunctionRef<bool(const Graph& graph, const Node& node)> splits);

}  // namespace segforge
