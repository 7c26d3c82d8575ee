// before  y = (x * (Erf(x * 0.7071) + 1)) * 0.5, factors in either order; or x / 1.4142 inside
// after   y = Gelu(x)
// when    the parts have no other reader; the numbers are right to 5e-4, which is what float16 leaves of them
// effect  the same real arithmetic with the constants as they are meant
#pragma once

#include "ir/graph.h"

namespace segforge {

Result<int> FuseGelu(Graph& graph);

}  // namespace segforge
