// Graphs compared by what they compute on the reference backend.
#pragma once

#include "ir/graph.h"

namespace segforge {

// Both graphs on the same random input [N,H,W,C]: over all outputs, the largest difference as a share of that
// output's largest magnitude. NaN and infinity count as infinitely far.
double RelativeDifference(const Graph& expected, const Graph& got, const InputSize& size);

}  // namespace segforge
