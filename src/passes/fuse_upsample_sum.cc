#include "passes/fuse_upsample_sum.h"

#include <algorithm>

#include "passes/rewrite.h"

namespace segforge {
namespace {

// x_0 .. x_n of y = Relu(..); fewer than two where it is none.
std::vector<NodeId> MatchAt(const Graph& graph, const Uses& uses, NodeId y) {
  std::vector<NodeId> terms;
  if (graph.node(y).op != Op::kRelu) return terms;
  NodeId reader = y;
  NodeId sum = graph.node(y).inputs[0];
  while (graph.node(sum).op == Op::kAdd && uses.HasOnlyReader(sum, reader)) {
    const NodeId map = graph.node(sum).inputs[1];
    const bool is_resized = graph.node(map).op == Op::kResizeBilinear &&
                            graph.node(map).type == graph.node(sum).type && uses.HasOnlyReader(map, sum);
    if (!is_resized) break;
    terms.push_back(graph.node(map).inputs[0]);
    reader = sum;
    sum = graph.node(sum).inputs[0];
  }
  terms.push_back(sum);
  std::ranges::reverse(terms);
  return terms;
}

}  // namespace

Result<int> FuseUpsampleSum(Graph& graph) {
  return RewriteEach(graph, [&](const Uses& uses, NodeId id) -> Result<bool> {
    std::vector<NodeId> terms = MatchAt(graph, uses, id);
    if (terms.size() < 2) return false;
    SEGFORGE_ASSIGN_OR_RETURN(const NodeId sum,
                              graph.Add(Op::kUpsampleSum, graph.node(id).name, std::move(terms),
                                        UpsampleSumAttrs{Activation::kRelu}));
    graph.Replace(id, sum);
    return true;
  });
}

}  // namespace segforge
