// A model's structure, found from a graph that may be its own.
#pragma once

#include "model/model.h"

namespace segforge {

struct GraphStructure {
  ModelConfig config;
  bool has_batch_norm = false;  // false where it is folded into the layers before
  bool has_folded_head = false;
};

// graph: in published form or with a folded head, LayerNorm, GELU and the head's sum fused, of known sizes.
// Takes the sizes where a SegFormer has them and checks nothing else: whether the graph is that model is
// MatchGraph's to say.
Result<GraphStructure> StructureOfGraph(const Graph& graph);

}  // namespace segforge
