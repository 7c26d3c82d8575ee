// before  y = 0.5 * x * (1 + Erf(x / sqrt(2))), its factors in any order
// after   y = Gelu(x)
// when    what lies between has no other reader; the opset is 20 or later
// effect  the same real arithmetic; constants may differ from sqrt(2) and 0.5 by 5e-4 of themselves
#pragma once

#include "onnx/simplify/simplify.h"

namespace segforge::simplify {

Result<int> FuseGelu(Graph& graph, const Choice& choice);

}  // namespace segforge::simplify
