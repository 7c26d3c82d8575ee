#include "onnx/simplify/flatten_product.h"

#include "onnx/simplify/rewrite.h"

namespace segforge::simplify {
namespace {

struct Match {
  NodeId first = kNone;  // Reshape
  NodeId sum = kNone;
  ValueId weight = kNone;
  ValueId bias = kNone;
  Sizes flat;     // of what the first Reshape is to give
  Sizes product;  // of what the Gemm gives
};

// What makes an input, where `reader` alone reads it.
NodeId OwnInput(const Graph& graph, NodeId reader, size_t input) {
  const Node& node = graph.node(reader);
  const bool is_own = node.Has(input) && graph.OnlyReader(node.inputs[input]) == reader;
  return is_own ? graph.ProducerId(node.inputs[input]) : kNone;
}

std::optional<Match> MatchAt(const Graph& graph, NodeId last) {
  Match match;
  match.sum = graph.node(last).Is("Reshape") ? OwnInput(graph, last, 0) : kNone;
  if (match.sum == kNone || !graph.node(match.sum).Is("Add")) return std::nullopt;
  const Node& sum = graph.node(match.sum);
  const size_t side = graph.Constant(sum, 0) != nullptr ? 1 : 0;
  const NodeId product = OwnInput(graph, match.sum, side);
  if (product == kNone || !graph.node(product).Is("MatMul")) return std::nullopt;
  const KnownValue *weight = graph.Constant(graph.node(product), 1), *bias = graph.Constant(sum, 1 - side);
  if (weight == nullptr || bias == nullptr || weight->view.shape.rank() != 2) return std::nullopt;
  const int64_t channels = weight->view.shape[1];
  if (bias->view.shape != Shape{channels} || !IsFloat(bias->view.dtype)) return std::nullopt;
  match.first = OwnInput(graph, product, 0);
  const Sizes* dims = graph.DimsOf(graph.node(product), 0);
  if (match.first == kNone || !graph.node(match.first).Is("Reshape") || dims == nullptr || dims->size() < 3)
    return std::nullopt;
  const Size rows = ProductOf(*dims, 0, dims->size() - 1);
  match.flat = {rows, dims->back()};
  match.product = {rows, channels};
  match.weight = graph.node(product).inputs[1];
  match.bias = sum.inputs[1 - side];
  return match;
}

void SetShape(Graph& graph, NodeId reshape, const std::vector<int64_t>& shape) {
  const std::string like = graph.value(graph.node(reshape).outputs[0]).name + ".shape";
  graph.SetInput(reshape, 1, graph.AddConstant(like, KnownValue::Of(shape)));
  RemoveAttribute(graph.node(reshape), "allowzero");
}

// The value is another than the one that the file spoke of.
void SetSizes(Graph& graph, NodeId node, const Sizes& sizes) {
  Value& value = graph.value(graph.node(node).outputs[0]);
  value.type.dims = sizes;
  value.said = Type();
}

}  // namespace

Result<int> FlattenProduct(Graph& graph) {
  return RewriteEach(graph, [&](NodeId id) -> Result<bool> {
    const std::optional<Match> match = MatchAt(graph, id);
    const std::optional<Sizes> result = graph.value(graph.node(id).outputs[0]).type.dims;
    if (!match || !result || !graph.node(id).Has(1) || !graph.node(match->first).Has(1)) return false;
    const auto first = ShapeToAsk(graph.DimsOf(graph.node(match->first), 0), match->flat);
    const auto last = ShapeToAsk(&match->product, *result);
    if (!first || !last) return false;
    SetShape(graph, match->first, *first);
    SetSizes(graph, match->first, match->flat);
    graph.Become(match->sum, "Gemm", {graph.node(match->first).outputs[0], match->weight, match->bias});
    SetSizes(graph, match->sum, match->product);
    SetShape(graph, id, *last);
    return true;
  });
}

}  // namespace segforge::simplify
