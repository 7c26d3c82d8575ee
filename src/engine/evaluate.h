// A graph evaluated once, as it is: what tests and tools compare with.
#pragma once

#include <span>
#include <vector>

#include "backend/kernel.h"

namespace segforge {

// The graph's outputs in order, for its inputs in the order in which they were added. No pass runs. Fails as
// MakePlan does, when an input is not of the graph's type at that size, or when the memory is not there.
Result<std::vector<Tensor>> Evaluate(const Graph& graph, const Backend& backend,
                                     std::span<const ConstTensorView> inputs, const InputSize& size,
                                     int threads = 1);

}  // namespace segforge
