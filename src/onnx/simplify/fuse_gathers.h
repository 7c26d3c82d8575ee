// before  y = Unsqueeze(Gather(x, 2)) of a list x
// after   y = Gather(x, [2])
// when    the index is one constant number
// effect  none
#pragma once

#include "onnx/simplify/graph.h"

namespace segforge::simplify {

Result<int> FuseGathers(Graph& graph);

}  // namespace segforge::simplify
