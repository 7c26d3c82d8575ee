// before  y = Reshape | Flatten | Squeeze | Unsqueeze of one of these of x
// after   y = Reshape(x, shape)
// when    the sizes of y are known but for one, or are x's at their place
// effect  none
#pragma once

#include "onnx/simplify/graph.h"

namespace segforge::simplify {

Result<int> FuseReshapes(Graph& graph);

}  // namespace segforge::simplify
