#include "onnx/simplify/fuse_layer_norm.h"

#include <algorithm>

#include "onnx/simplify/choice.h"
#include "onnx/simplify/rewrite.h"

namespace segforge::simplify {
namespace {

struct Match {
  ValueId x = kNone;
  ValueId gamma = kNone;
  ValueId beta = kNone;
  double eps = 0;
  std::vector<NodeId> nodes;  // the last one is y's
};

// What makes an input, if it is that operator and has no reader but `reader`.
NodeId OwnInput(const Graph& graph, NodeId reader, size_t index, std::string_view op) {
  const Node& node = graph.node(reader);
  if (!node.Has(index) || graph.OnlyReader(node.inputs[index]) != reader) return kNone;
  const NodeId id = graph.ProducerId(node.inputs[index]);
  return id != kNone && graph.node(id).Is(op) ? id : kNone;
}

bool IsMeanOfLastAxis(const Graph& graph, const Node& node) {
  const auto axes = NumbersOf(graph, node, 1, "axes");
  const Sizes* dims = graph.DimsOf(node, 0);
  if (!node.Is("ReduceMean") || node.spec.Int("keepdims", 1) == 0 || !axes || axes->size() != 1) return false;
  return (*axes)[0] == -1 || (dims != nullptr && (*axes)[0] == static_cast<int64_t>(dims->size()) - 1);
}

// The d of d * d or d ^ 2.
ValueId Squared(const Graph& graph, const Node& node) {
  if (node.Is("Mul") && node.inputs[0] == node.inputs[1]) return node.inputs[0];
  if (!node.Is("Pow")) return kNone;
  const KnownValue* exponent = graph.Constant(node, 1);
  return exponent != nullptr && segforge::ScalarOf(*exponent) == 2.0 ? node.inputs[0] : kNone;
}

// The x of d = x - ReduceMean(x), of which nobody reads d but these two.
ValueId Centred(const Graph& graph, ValueId d, NodeId square, NodeId division, std::vector<NodeId>& nodes) {
  const NodeId sub = graph.ProducerId(d);
  if (sub == kNone || !graph.node(sub).Is("Sub") || graph.value(d).is_output || graph.value(d).is_captured)
    return kNone;
  const auto is_part = [&](NodeId reader) { return reader == square || reader == division; };
  if (!std::ranges::all_of(graph.value(d).readers, is_part)) return kNone;
  const NodeId mean = OwnInput(graph, sub, 1, "ReduceMean");
  const ValueId x = graph.node(sub).inputs[0];
  if (mean == kNone || !IsMeanOfLastAxis(graph, graph.node(mean)) || graph.node(mean).inputs[0] != x)
    return kNone;
  nodes.insert(nodes.end(), {mean, sub});
  return x;
}

// The constant [C] that the only reader of y takes by that operator; the reader joins the nodes.
ValueId TakeParameter(const Graph& graph, std::string_view op, int64_t channels, std::vector<NodeId>& nodes) {
  const ValueId y = graph.node(nodes.back()).outputs[0];
  const NodeId reader = graph.OnlyReader(y);
  if (reader == kNone || !graph.node(reader).Is(op)) return kNone;
  const Node& node = graph.node(reader);
  const size_t side = node.inputs[0] == y ? 1 : 0;
  const KnownValue* parameter = graph.Constant(node, side);
  if (parameter == nullptr || parameter->view.shape != Shape{channels}) return kNone;
  nodes.push_back(reader);
  return node.inputs[side];
}

std::optional<Match> MatchAt(const Graph& graph, NodeId division) {
  if (!graph.node(division).Is("Div")) return std::nullopt;
  const NodeId root = OwnInput(graph, division, 1, "Sqrt");
  const NodeId sum = root != kNone ? OwnInput(graph, root, 0, "Add") : kNone;
  if (sum == kNone) return std::nullopt;
  const size_t side = graph.Constant(graph.node(sum), 0) != nullptr ? 1 : 0;
  const std::optional<double> eps = ScalarOf(graph, graph.node(sum), 1 - side);
  const NodeId variance = OwnInput(graph, sum, side, "ReduceMean");
  if (!eps || variance == kNone || !IsMeanOfLastAxis(graph, graph.node(variance))) return std::nullopt;
  const ValueId squares = graph.node(variance).inputs[0];
  const NodeId square = graph.ProducerId(squares);
  if (square == kNone || graph.OnlyReader(squares) != variance) return std::nullopt;
  const ValueId d = Squared(graph, graph.node(square));
  if (d == kNone || d != graph.node(division).inputs[0]) return std::nullopt;
  Match match;
  match.eps = *eps;
  match.x = Centred(graph, d, square, division, match.nodes);
  const Type& type = graph.value(d).type;
  if (match.x == kNone || !type.dims || type.dims->empty() || !type.dims->back().is_known())
    return std::nullopt;
  match.nodes.insert(match.nodes.end(), {square, variance, sum, root, division});
  match.gamma = TakeParameter(graph, "Mul", type.dims->back().value(), match.nodes);
  match.beta = TakeParameter(graph, "Add", type.dims->back().value(), match.nodes);
  return match;
}

ValueId AddOnes(Graph& graph, const Match& match) {
  const Value& y = graph.value(graph.node(match.nodes.back()).outputs[0]);
  const int64_t channels = y.type.dims->back().value();
  const DType dtype = y.type.dtype.value_or(DType::kF32);
  const std::vector<double> ones(static_cast<size_t>(channels), 1.0);
  return graph.AddConstant(y.name + ".scale", FloatConstant(dtype, Shape{channels}, ones));
}

}  // namespace

Result<int> FuseLayerNorm(Graph& graph, const Choice& choice) {
  if (choice.is_none()) return 0;
  if (graph.opset() < 17) {
    return InvalidInput("LayerNormalization is of opset 17, the file of opset {}: give --opset 17 or later",
                        graph.opset());
  }
  Chooser chooser(graph, choice, "layernorm");
  Result<int> count = RewriteEach(graph, [&](NodeId id) -> Result<bool> {
    std::optional<Match> match = MatchAt(graph, id);
    if (!match || !chooser.Takes(match->nodes)) return false;
    if (match->gamma == kNone) match->gamma = AddOnes(graph, *match);
    std::vector<ValueId> inputs = {match->x, match->gamma};
    if (match->beta != kNone) inputs.push_back(match->beta);
    graph.Become(match->nodes.back(), "LayerNormalization", std::move(inputs),
                 {{"axis", int64_t{-1}}, {"epsilon", static_cast<float>(match->eps)}});
    return true;
  });
  if (!count.ok()) return count;
  SEGFORGE_RETURN_IF_ERROR(chooser.Finish());
  return count;
}

}  // namespace segforge::simplify
