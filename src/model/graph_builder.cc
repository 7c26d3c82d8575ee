#include "model/graph_builder.h"

namespace segforge {

NodeId GraphBuilder::Add(Op op, std::string name, std::vector<NodeId> inputs, Attributes attributes) {
  const NodeId unusable = inputs.front();
  if (!status_.ok()) return unusable;
  Result<NodeId> added = graph_.Add(op, std::move(name), std::move(inputs), std::move(attributes));
  if (added.ok()) return *added;
  status_ = added.status();
  return unusable;
}

NodeId GraphBuilder::Linear(std::string name, NodeId x, const LayerWeights& weights) {
  std::vector<NodeId> inputs = {x, Constant(weights.weight)};
  if (weights.bias.tensor != nullptr) inputs.push_back(Constant(weights.bias));
  return Add(Op::kLinear, std::move(name), std::move(inputs));
}

NodeId GraphBuilder::LayerNorm(std::string name, NodeId x, const LayerWeights& weights, float eps) {
  return Add(Op::kLayerNorm, std::move(name), {x, Constant(weights.weight), Constant(weights.bias)},
             LayerNormAttrs{eps});
}

NodeId GraphBuilder::BatchNorm(std::string name, NodeId x, const BatchNormWeights& weights, float eps) {
  return Add(Op::kBatchNorm, std::move(name),
             {x, Constant(weights.gamma), Constant(weights.beta), Constant(weights.mean),
              Constant(weights.variance)},
             BatchNormAttrs{eps});
}

NodeId GraphBuilder::Conv(Op op, std::string name, NodeId x, const LayerWeights& weights,
                          Conv2dAttrs attributes) {
  return Add(op, std::move(name), {x, Constant(weights.weight), Constant(weights.bias)}, attributes);
}

}  // namespace segforge
