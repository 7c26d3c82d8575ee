// before  a file of opset 11 or later
// after   the same graph in a later opset, to 22: axes and parts that became inputs are inputs, and so on
// when    every node is of an operator that is known, none has a graph inside, and none says what a
//         later opset cannot
// effect  none
#pragma once

#include "onnx/simplify/graph.h"

namespace segforge::simplify {

// Fails naming the node that cannot be converted. Converting down is refused; to the same opset does nothing.
Status ConvertOpset(Graph& graph, int64_t opset);

// The least version of the file format that has an opset.
int64_t IrVersionOf(int64_t opset);

}  // namespace segforge::simplify
