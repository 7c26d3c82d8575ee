// before  y = Conv2d(x, w [Co,s,s,Ci], b; stride s, pad 0)
// after   y = PatchLinear(x, w, b; stride s, pad 0)
// when    kernel and stride are equal and there is no padding: patches neither overlap nor leave the map
// effect  none; a backend may run it as one matrix product over patches of s*s*Ci numbers
#pragma once

#include "ir/graph.h"

namespace segforge {

Result<int> LowerPatchConv(Graph& graph);

}  // namespace segforge
