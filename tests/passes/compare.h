// Graphs compared by what they compute on the reference backend.
#pragma once

#include <vector>

#include "base/tensor.h"
#include "ir/graph.h"

namespace segforge {

// Both graphs on the same random input [N,H,W,C]: over all outputs, the largest difference as a share of that
// output's largest magnitude. NaN and infinity count as infinitely far, as does a graph that fails.
double RelativeDifference(const Graph& expected, const Graph& got, const InputSize& size);

// What rewritten graphs are held against.
class Expectation {
 public:
  Expectation(const Graph& graph, const InputSize& size);

  // How far a rewritten graph may be: a little for the rounding between its nodes, and more where it
  // magnifies small changes, as a few ulp of its input show. Infinite where the graph cannot be run at this
  // size, or gives infinity or NaN.
  double tolerance() const { return tolerance_; }
  double DifferenceOf(const Graph& rewritten) const;

 private:
  InputSize size_;
  std::vector<Tensor> outputs_;
  double tolerance_ = 0;
};

}  // namespace segforge
