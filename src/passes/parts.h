// Nodes added for one that is taken apart.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "ir/graph.h"

namespace segforge {

// Names begin with the whole node's, whose type rules were met: a part cannot fail (CHECKed).
class Parts {
 public:
  Parts(Graph& graph, std::string name) : graph_(graph), name_(std::move(name)) {}

  NodeId Add(Op op, const std::string& part, std::vector<NodeId> inputs) const {
    const std::string name = part.empty() ? name_ : name_ + "." + part;
    const Result<NodeId> added = graph_.Add(op, name, std::move(inputs));
    SEGFORGE_CHECK(added.ok());
    return *added;
  }
  NodeId Scalar(const std::string& part, float value) const {
    return graph_.AddConstant(name_ + "." + part, Tensor::From<float>(Shape{1}, std::vector<float>{value}));
  }

 private:
  Graph& graph_;
  std::string name_;
};

}  // namespace segforge
