// Adds layers to a graph; remembers the first failure, so that a model reads as a list of its layers.
#pragma once

#include "model/weights.h"

namespace segforge {

class GraphBuilder {
 public:
  explicit GraphBuilder(Graph& graph) : graph_(graph) {}

  // Each returns the value of the node made. After a failure nothing more is added and values mean nothing.
  NodeId Add(Op op, std::string name, std::vector<NodeId> inputs, Attributes attributes = NoAttrs());
  NodeId Constant(const Weight& weight) { return graph_.AddConstant(weight.name, weight.tensor); }
  NodeId Linear(std::string name, NodeId x, const LayerWeights& weights);  // bias where there is one
  NodeId LayerNorm(std::string name, NodeId x, const LayerWeights& weights, float eps);
  NodeId BatchNorm(std::string name, NodeId x, const BatchNormWeights& weights, float eps);
  // op: kConv2d or kDepthwiseConv2d
  NodeId Conv(Op op, std::string name, NodeId x, const LayerWeights& weights, Conv2dAttrs attributes);

  const DimShape& shape(NodeId value) const { return graph_.node(value).type.shape; }
  const Status& status() const { return status_; }
  Graph& graph() { return graph_; }

 private:
  Graph& graph_;
  Status status_;
};

}  // namespace segforge
