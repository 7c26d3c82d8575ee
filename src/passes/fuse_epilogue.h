// before  y = [Relu | Gelu]([residual +] Linear(x, w, [b]))
// after   y = LinearEpilogue(x, w, [b], [residual]; activation)
// when    there is a residual or an activation; no value in between has another reader; the residual has the
// shape of
//         y and is computed
// effect  the same real arithmetic
#pragma once

#include "ir/graph.h"

namespace segforge {

Result<int> FuseEpilogue(Graph& graph);

}  // namespace segforge
