// before  a graph in f32
// after   each computed node has the precision that `choose` gives it and values have its storage type; a
// Cast
//         stands where a node reads another type than its input has, one for each value and type
// when    always; it is no pass of the pipeline, which matches f32 graphs, and runs after it
// effect  values are rounded to their storage type, products to their node's precision
//
// The graph's input takes the type that its first reader reads: who fills it converts. Outputs stay f32.
// Casts that are there already are left out first, so that a second run changes nothing. Node ids change.
#pragma once

#include "base/thread_pool.h"
#include "ir/graph.h"

namespace segforge {

// Returns how many Casts there are afterwards.
Result<int> AssignPrecision(Graph& graph, FunctionRef<Precision(const Node&)> choose);

}  // namespace segforge
