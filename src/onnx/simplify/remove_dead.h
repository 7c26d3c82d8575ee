// before  a node whose outputs nobody reads; an output beside others that nobody reads
// after   nothing
// effect  none
#pragma once

#include "onnx/simplify/graph.h"

namespace segforge::simplify {

Result<int> RemoveDead(Graph& graph);

}  // namespace segforge::simplify
