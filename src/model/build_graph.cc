#include "model/build_graph.h"

#include "model/build_encoder.h"
#include "model/build_head.h"

namespace segforge {

Result<Graph> BuildGraph(const ModelConfig& config, const ModelWeights& weights) {
  Graph graph;
  GraphBuilder builder(graph);
  const NodeId image = graph.AddInput("image", {DType::kF32, {Dim::N(), Dim::H(), Dim::W(), 3}});
  const std::array<NodeId, 4> features = BuildEncoder(builder, config, weights, image);
  const NodeId logits = BuildHead(builder, config, weights.head, features);
  SEGFORGE_RETURN_IF_ERROR(builder.status());
  graph.AddOutput("logits", logits);
  return graph;
}

}  // namespace segforge
