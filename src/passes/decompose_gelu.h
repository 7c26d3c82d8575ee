// before  y = Gelu(x)
// after   y = (x * (Erf(x * 0.7071) + 1)) * 0.5
// when    the user wants it in parts; nodes are named after it: NAME.erf
// effect  the same real arithmetic. fuse-gelu undoes it
#pragma once

#include "ir/graph.h"

namespace segforge {

Result<int> DecomposeGelu(Graph& graph);

}  // namespace segforge
