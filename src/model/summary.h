// Where a graph's parameters and multiply-adds are.
#pragma once

#include <array>

#include "ir/graph.h"

namespace segforge {

struct PartSummary {
  int64_t parameters = 0;  // learned values: running statistics and the scale of attention are not counted
  int64_t macs = 0;
};

struct Summary {
  std::array<PartSummary, 4> stages;
  PartSummary head;  // whatever is no stage's
  PartSummary total;
};

// Nodes belong to a stage by their name ("stage1.*"), so this serves the graph as published and, where passes
// keep names, the optimised one: call it with each.
Summary Summarize(const Graph& graph, const InputSize& size);

}  // namespace segforge
