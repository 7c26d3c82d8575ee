// before  y = Linear(UpsampleSum(Linear(x, w1, b1), maps ..; relu), w2, b2)
// after   y = DecodeHead(x, w1, b1, w2, b2, maps ..)
// when    neither value in between has another reader; weights and biases are constants; there is a map
// effect  the same real arithmetic; a backend may keep the widest map of the network in cache
#pragma once

#include "ir/graph.h"

namespace segforge {

Result<int> FuseDecodeHead(Graph& graph);

}  // namespace segforge
