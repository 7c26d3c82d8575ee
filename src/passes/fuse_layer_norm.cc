#include "passes/fuse_layer_norm.h"

#include <algorithm>

#include "passes/rewrite.h"

namespace segforge {
namespace {

struct Match {
  NodeId x = kNoNode;
  NodeId y = kNoNode;      // the last node of the pattern
  NodeId gamma = kNoNode;  // kNoNode: none
  NodeId beta = kNoNode;
  float eps = 0;
};

// The node behind an input, if it is that op and has no reader but `reader`.
const Node* OwnInput(const Graph& graph, const Uses& uses, NodeId reader, size_t index, Op op) {
  const NodeId id = graph.node(reader).inputs[index];
  return graph.node(id).op == op && uses.HasOnlyReader(id, reader) ? &graph.node(id) : nullptr;
}

// The centred value d that is squared by Mul(d, d) or Pow(d, 2), or kNoNode.
NodeId SquaredInput(const Graph& graph, const Node& square) {
  if (square.op == Op::kMul && square.inputs[0] == square.inputs[1]) return square.inputs[0];
  if (square.op == Op::kPow && ScalarConstant(graph, square, 1) == 2.0f) return square.inputs[0];
  return kNoNode;
}

// Whether d = x - ReduceMean(x), where the mean has no other reader, and d none but the square and the
// division.
bool IsCentred(const Graph& graph, const Uses& uses, const std::vector<std::vector<NodeId>>& readers,
               NodeId d, NodeId square, NodeId division) {
  const Node& sub = graph.node(d);
  if (sub.op != Op::kSub || graph.IsOutput(d)) return false;
  const auto is_part = [&](NodeId reader) { return reader == square || reader == division; };
  if (!std::ranges::all_of(readers[static_cast<size_t>(d)], is_part)) return false;
  const Node* mean = OwnInput(graph, uses, d, 1, Op::kReduceMean);
  return mean != nullptr && mean->inputs[0] == sub.inputs[0];
}

// The only reader of y, if it is op(y, constant [C]); y moves to it.
NodeId TakeParameter(const Graph& graph, const Uses& uses, Op op, NodeId& y) {
  const NodeId reader = uses.OnlyReader(y);
  if (reader == kNoNode || graph.node(reader).op != op || graph.node(reader).inputs[0] != y) return kNoNode;
  const NodeId parameter = graph.node(reader).inputs[1];
  const bool fits = FloatConstant(graph, graph.node(reader), 1) != nullptr &&
                    graph.node(parameter).type.shape == DimShape{graph.node(y).type.shape.back()};
  if (!fits) return kNoNode;
  y = reader;
  return parameter;
}

std::optional<Match> MatchAt(const Graph& graph, const Uses& uses, NodeId division) {
  if (graph.node(division).op != Op::kDiv) return std::nullopt;
  const Node* root = OwnInput(graph, uses, division, 1, Op::kSqrt);
  if (root == nullptr) return std::nullopt;
  const NodeId root_id = graph.node(division).inputs[1];
  const Node* sum = OwnInput(graph, uses, root_id, 0, Op::kAdd);
  if (sum == nullptr) return std::nullopt;
  const std::optional<float> eps = ScalarConstant(graph, *sum, 1);
  const Node* variance = OwnInput(graph, uses, root->inputs[0], 0, Op::kReduceMean);
  if (!eps || variance == nullptr) return std::nullopt;
  const NodeId square = variance->inputs[0];
  const NodeId d = SquaredInput(graph, graph.node(square));
  const bool matches = d != kNoNode && d == graph.node(division).inputs[0] &&
                       uses.HasOnlyReader(square, sum->inputs[0]) &&
                       graph.node(division).type.shape.back().is_constant() &&
                       IsCentred(graph, uses, graph.Readers(), d, square, division);
  if (!matches) return std::nullopt;
  Match match = {graph.node(d).inputs[0], division, kNoNode, kNoNode, *eps};
  match.gamma = TakeParameter(graph, uses, Op::kMul, match.y);
  match.beta = TakeParameter(graph, uses, Op::kAdd, match.y);
  return match;
}

NodeId AddFilled(Graph& graph, std::string name, int64_t channels, float value) {
  Tensor tensor(DType::kF32, Shape{channels});
  std::ranges::fill(tensor.span<float>(), value);
  return graph.AddConstant(std::move(name), std::move(tensor));
}

}  // namespace

Result<int> FuseLayerNorm(Graph& graph) {
  return RewriteEach(graph, [&](const Uses& uses, NodeId id) -> Result<bool> {
    std::optional<Match> match = MatchAt(graph, uses, id);
    if (!match) return false;
    const std::string name = CommonName({graph.node(id).name, graph.node(match->y).name});
    const int64_t channels = graph.node(id).type.shape.back().constant();
    if (match->gamma == kNoNode) match->gamma = AddFilled(graph, name + ".gamma", channels, 1.0f);
    if (match->beta == kNoNode) match->beta = AddFilled(graph, name + ".beta", channels, 0.0f);
    SEGFORGE_ASSIGN_OR_RETURN(
        const NodeId fused,
        graph.Add(Op::kLayerNorm, name, {match->x, match->gamma, match->beta}, LayerNormAttrs{match->eps}));
    graph.Replace(match->y, fused);
    return true;
  });
}

}  // namespace segforge
