// Every pass alone and all in order, held against the graph that they rewrite.
#pragma once

#include <string>

#include "ir/graph.h"

namespace segforge {

struct RewriteCheck {
  int rewrites = 0;     // of all runs
  std::string problem;  // the first one, with the graph before it; "" where there is none
};

// Runs the pipeline reduced to each pass, the whole of it, and the whole with LayerNorm and GELU in parts:
// every graph verifies, and gives what the first does on the reference backend.
RewriteCheck CheckRewrites(const Graph& graph, const InputSize& size);

}  // namespace segforge
