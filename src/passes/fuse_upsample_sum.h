// before  y = Relu(((x_0 + ResizeBilinear(x_1)) + ..) + ResizeBilinear(x_n)), n at least 1
// after   y = UpsampleSum(x_0, x_1 .. x_n; relu)
// when    the sums and the resized maps have no other readers, and the maps the sums' shape
// effect  the same real arithmetic
//
// The head that fold-head makes, as files have it; no published graph does, so it is no pass of the pipeline.
#pragma once

#include "ir/graph.h"

namespace segforge {

Result<int> FuseUpsampleSum(Graph& graph);

}  // namespace segforge
