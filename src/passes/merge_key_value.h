// before  y = Concat(Linear(x, w1, [b1]), Linear(x, w2, [b2]), ..)
// after   y = Linear(x, rows of w1 then w2 .., [b1 then b2 ..]); zeros stand for a missing bias among others
// when    all read the same x and have no other reader; weights and biases are constants
// effect  exact: every output is the same dot product
#pragma once

#include "ir/graph.h"

namespace segforge {

Result<int> MergeKeyValue(Graph& graph);

}  // namespace segforge
