// before  a' = Transpose(a, p); b' = Transpose(b, p) | a constant; y = Op(a', b'); in the end Transpose(y, q)
// after   y = Transpose(Op(a, b), p), where it meets the other Transpose, or is one instead of two
// when    Op works number by number; nobody else reads a', b' and what lies between; a constant has one
//         element, or as many axes as a
// effect  none
#pragma once

#include "onnx/simplify/graph.h"

namespace segforge::simplify {

Result<int> MoveTransposes(Graph& graph);

}  // namespace segforge::simplify
