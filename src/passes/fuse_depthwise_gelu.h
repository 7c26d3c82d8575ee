// before  y = Gelu(DepthwiseConv2d(x, w, b))
// after   y = DepthwiseConvGelu(x, w, b)
// when    the convolution has no other reader
// effect  none but for what a backend rounds in between
#pragma once

#include "ir/graph.h"

namespace segforge {

Result<int> FuseDepthwiseGelu(Graph& graph);

}  // namespace segforge
