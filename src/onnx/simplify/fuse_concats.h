// before  y = Concat(a, Concat(b, c), d) along the same axis; y = Concat(Gather(x, i), Gather(x, j)) of lists
// after   y = Concat(a, b, c, d); y = Gather(x, i, j)
// when    nobody else reads the inner Concat, or the Gathers; i and j are constants
// effect  none
#pragma once

#include "onnx/simplify/graph.h"

namespace segforge::simplify {

Result<int> FuseConcats(Graph& graph);

}  // namespace segforge::simplify
