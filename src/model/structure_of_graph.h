// A model's structure, found from a graph that may be its own.
#pragma once

#include "model/model.h"

namespace segforge {

struct GraphStructure {
  ModelConfig config;
  bool has_batch_norm = false;  // false where it is folded into the layers before
};

// graph: in published form, LayerNorm and GELU fused, of known sizes. Takes the sizes where a SegFormer has
// them and checks nothing else: whether the graph is that model is MatchGraph's to say.
Result<GraphStructure> StructureOfGraph(const Graph& graph);

}  // namespace segforge
