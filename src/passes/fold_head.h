// before  y = [Relu](Linear(Concat(u_1 .. u_n), fuse)), where u_i is v_i or ResizeBilinear(v_i), at least one
// of each,
//         and v_i is Linear(f_i, a_i) or anything else (mmseg 1.x: Relu(Linear(f_i)))
// after   y = UpsampleSum(x_1 .. x_n; relu), where x_i = Linear(f_i, fuse_i * a_i), or Linear(v_i, fuse_i):
// each at its
//         own resolution, those of the full one first; the first carries the whole bias
// when    Concat, fuse, the resized and the projected values have no other readers, and the weights are
// constants effect  the same real arithmetic: bilinear weights sum to 1, so a 1 x 1 and its bias commute with
// the upsampling.
//         The products of weights are computed in double and rounded once
#pragma once

#include "ir/graph.h"

namespace segforge {

Result<int> FoldHead(Graph& graph);

}  // namespace segforge
