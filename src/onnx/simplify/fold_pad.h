// before  y = Conv | MaxPool | AveragePool(Pad(x))
// after   y = Conv | MaxPool | AveragePool(x) with those pads added to its own
// when    Pad adds what the operator pads with (0, or for MaxPool minus infinity), around height and
//         width alone; no pad is negative, and AveragePool counts the padding
// effect  none
#pragma once

#include "onnx/simplify/graph.h"

namespace segforge::simplify {

Result<int> FoldPad(Graph& graph);

}  // namespace segforge::simplify
