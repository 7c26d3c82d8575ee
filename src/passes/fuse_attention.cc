#include "passes/fuse_attention.h"

#include <algorithm>

#include "passes/rewrite.h"

namespace segforge {
namespace {

struct Match {
  NodeId q = kNoNode, k = kNoNode, v = kNoNode;
  NodeId q_reader = kNoNode;  // the Reshape that splits q
  int64_t heads = 0;
  float scale = 1;
};

// Walks up from a node to what it reads, as long as that has no other reader and is the op that is asked for.
class Walker {
 public:
  Walker(const Graph& graph, const Uses& uses) : graph_(graph), uses_(uses) {}

  const Node& node(NodeId id) const { return graph_.node(id); }
  NodeId Up(NodeId reader, size_t index, Op op) const {
    if (reader == kNoNode) return kNoNode;
    const NodeId id = node(reader).inputs[index];
    return node(id).op == op && uses_.HasOnlyReader(id, reader) ? id : kNoNode;
  }
  NodeId UpTransposed(NodeId reader, size_t index) const {
    const NodeId id = Up(reader, index, Op::kTranspose);
    const bool swaps =
        id != kNoNode && node(id).as<TransposeAttrs>().permutation == std::vector<int>{0, 2, 1, 3};
    return swaps ? id : kNoNode;
  }
  // The Reshape of a map [N,H,W,C] to [N, H*W, heads, d] behind an input of a product; heads is set to its
  // own.
  NodeId SplitBehind(NodeId product, size_t index, int64_t& heads) const {
    const NodeId split = Up(UpTransposed(product, index), 0, Op::kReshape);
    if (split == kNoNode) return kNoNode;
    const DimShape& map = node(node(split).inputs[0]).type.shape;
    const DimShape& shape = node(split).type.shape;
    if (map.size() != 4 || !(shape[0] == map[0]) || !(shape[1] == map[1] * map[2])) return kNoNode;
    if (!shape[2].is_constant() || !(shape[2] * shape[3] == map[3])) return kNoNode;
    heads = shape[2].constant();
    return split;
  }

 private:
  const Graph& graph_;
  const Uses& uses_;
};

// The product behind Softmax, past a scaling by a constant.
NodeId ScoresBehind(const Walker& walk, const Graph& graph, NodeId softmax, float& scale) {
  for (Op op : {Op::kMul, Op::kDiv}) {
    const NodeId scaling = walk.Up(softmax, 0, op);
    if (scaling == kNoNode) continue;
    const std::optional<float> factor = ScalarConstant(graph, graph.node(scaling), 1);
    if (!factor || (op == Op::kDiv && *factor == 0)) return kNoNode;
    scale = op == Op::kMul ? *factor : 1 / *factor;
    return walk.Up(scaling, 0, Op::kMatMul);
  }
  return walk.Up(softmax, 0, Op::kMatMul);
}

std::optional<Match> MatchAt(const Graph& graph, const Uses& uses, NodeId id) {
  if (graph.node(id).op != Op::kReshape) return std::nullopt;
  const Walker walk(graph, uses);
  const NodeId mix = walk.Up(walk.UpTransposed(id, 0), 0, Op::kMatMul);
  const NodeId softmax = walk.Up(mix, 0, Op::kSoftmax);
  if (softmax == kNoNode || graph.node(mix).as<MatMulAttrs>().transpose_b) return std::nullopt;
  Match match;
  const NodeId scores = ScoresBehind(walk, graph, softmax, match.scale);
  if (scores == kNoNode || !graph.node(scores).as<MatMulAttrs>().transpose_b) return std::nullopt;
  int64_t k_heads = 0, v_heads = 0;
  match.q_reader = walk.SplitBehind(scores, 0, match.heads);
  const NodeId k_split = walk.SplitBehind(scores, 1, k_heads), v_split = walk.SplitBehind(mix, 1, v_heads);
  if (match.q_reader == kNoNode || k_split == kNoNode || v_split == kNoNode) return std::nullopt;
  match.q = graph.node(match.q_reader).inputs[0];
  match.k = graph.node(k_split).inputs[0];
  match.v = graph.node(v_split).inputs[0];
  const bool same_heads = k_heads == match.heads && v_heads == match.heads;
  const bool same_maps = graph.node(match.k).type == graph.node(match.v).type &&
                         graph.node(match.q).type.shape[3] == graph.node(match.k).type.shape[3] &&
                         graph.node(id).type == graph.node(match.q).type;
  if (!same_heads || !same_maps) return std::nullopt;
  return match;
}

Tensor Scaled(const Tensor& tensor, float scale) {
  std::vector<double> values = ToDoubles(tensor);
  for (double& value : values) value *= static_cast<double>(scale);
  return FromDoubles(tensor.shape(), values);
}

// Makes match.q the scaled queries, when its weights can take the scale.
Status FoldScale(Graph& graph, const Uses& uses, Match& match) {
  const std::optional<ConstantLinear> linear = MatchConstantLinear(graph, match.q);
  if (!linear || !uses.HasOnlyReader(match.q, match.q_reader)) return Status();
  std::optional<Tensor> bias;
  if (linear->bias != nullptr) bias = Scaled(*linear->bias, match.scale);
  const std::string name = graph.node(match.q).name;
  SEGFORGE_ASSIGN_OR_RETURN(
      match.q, AddLinear(graph, name, linear->x, Scaled(*linear->weight, match.scale), std::move(bias)));
  match.scale = 1;
  return Status();
}

}  // namespace

Result<int> FuseAttention(Graph& graph) {
  return RewriteEach(graph, [&](const Uses& uses, NodeId id) -> Result<bool> {
    std::optional<Match> match = MatchAt(graph, uses, id);
    if (!match) return false;
    const std::string name =
        CommonName({graph.node(match->q).name, graph.node(match->k).name, graph.node(match->v).name});
    if (match->scale != 1) SEGFORGE_RETURN_IF_ERROR(FoldScale(graph, uses, *match));
    SEGFORGE_ASSIGN_OR_RETURN(const NodeId kv, graph.Add(Op::kConcat, name + ".kv", {match->k, match->v}));
    SEGFORGE_ASSIGN_OR_RETURN(const NodeId fused, graph.Add(Op::kAttention, name, {match->q, kv},
                                                            AttentionAttrs{match->heads, match->scale}));
    graph.Replace(id, fused);
    return true;
  });
}

}  // namespace segforge
