// Whether a graph is the one that a structure says, whatever its nodes are called.
#pragma once

#include "ir/graph.h"
#include "model/weight_slots.h"

namespace segforge {

// expected: as BuildGraph makes it of the slots, at any size. found: of known sizes, at `size`. Both have one
// output. Fills the slots with found's constants. Fails, naming both nodes, where the two differ in an
// operator, an attribute, a shape, or who reads what.
Status MatchGraph(const Graph& expected, const Graph& found, const InputSize& size, WeightSlots& slots);

}  // namespace segforge
