#include "passes/fold_batch_norm.h"

#include <array>
#include <cmath>

#include "passes/rewrite.h"

namespace segforge {
namespace {

struct Match {
  NodeId product = kNoNode;
  const Tensor* weight = nullptr;
  const Tensor* bias = nullptr;            // null when there is none
  std::array<const Tensor*, 4> norm = {};  // gamma, beta, mean, variance
  double eps = 0;
};

std::optional<Match> MatchAt(const Graph& graph, const Uses& uses, NodeId id) {
  const Node& norm = graph.node(id);
  if (norm.op != Op::kBatchNorm) return std::nullopt;
  const Node& product = graph.node(norm.inputs[0]);
  const bool foldable = product.op == Op::kLinear || product.op == Op::kConv2d;
  if (!foldable || !uses.HasOnlyReader(norm.inputs[0], id)) return std::nullopt;
  Match match = {norm.inputs[0],
                 FloatConstant(graph, product, 1),
                 FloatConstant(graph, product, 2),
                 {},
                 static_cast<double>(norm.as<BatchNormAttrs>().eps)};
  if (match.weight == nullptr || (product.inputs.size() > 2 && match.bias == nullptr)) return std::nullopt;
  for (size_t i = 0; i < 4; ++i) {
    match.norm[i] = FloatConstant(graph, norm, i + 1);
    if (match.norm[i] == nullptr) return std::nullopt;
  }
  return match;
}

// Scales the rows of the weight and moves the bias.
void Fold(const Match& match, std::vector<double>& weight, std::vector<double>& bias) {
  const auto gamma = ToDoubles(*match.norm[0]), beta = ToDoubles(*match.norm[1]);
  const auto mean = ToDoubles(*match.norm[2]), variance = ToDoubles(*match.norm[3]);
  const size_t row_elems = weight.size() / gamma.size();
  for (size_t row = 0; row < gamma.size(); ++row) {
    const double scale = gamma[row] / std::sqrt(variance[row] + match.eps);
    for (size_t i = row * row_elems; i < (row + 1) * row_elems; ++i) weight[i] *= scale;
    bias[row] = (bias[row] - mean[row]) * scale + beta[row];
  }
}

}  // namespace

Result<int> FoldBatchNorm(Graph& graph) {
  return RewriteEach(graph, [&](const Uses& uses, NodeId id) -> Result<bool> {
    const std::optional<Match> match = MatchAt(graph, uses, id);
    if (!match) return false;
    std::vector<double> weight = ToDoubles(*match->weight);
    std::vector<double> bias(static_cast<size_t>(match->weight->shape()[0]), 0.0);
    if (match->bias != nullptr) bias = ToDoubles(*match->bias);
    if (bias.empty()) return false;
    Fold(*match, weight, bias);

    const Node product = graph.node(match->product);
    const Shape bias_shape = {static_cast<int64_t>(bias.size())};
    const NodeId w = graph.AddConstant(product.name + ".weight", FromDoubles(match->weight->shape(), weight));
    const NodeId b = graph.AddConstant(product.name + ".bias", FromDoubles(bias_shape, bias));
    SEGFORGE_ASSIGN_OR_RETURN(const NodeId folded, graph.Add(product.op, product.name,
                                                             {product.inputs[0], w, b}, product.attributes));
    graph.Replace(id, folded);
    return true;
  });
}

}  // namespace segforge
