#include "onnx/simplify/fuse_gelu.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "onnx/simplify/choice.h"
#include "onnx/simplify/rewrite.h"

namespace segforge::simplify {
namespace {

bool IsAbout(std::optional<double> value, double expected) {
  return value && std::abs(*value - expected) <= 5e-4 * expected;
}

// The other input of a node that has this constant on one side.
ValueId Beside(const Graph& graph, const Node& node, double constant) {
  if (node.inputs.size() != 2) return kNone;
  for (const size_t side : {size_t{0}, size_t{1}}) {
    if (IsAbout(ScalarOf(graph, node, side), constant)) return node.inputs[1 - side];
  }
  return kNone;
}

// The x of Erf(x / sqrt(2)) + 1.
ValueId ErfTerm(const Graph& graph, NodeId sum, std::vector<NodeId>& nodes) {
  if (sum == kNone || !graph.node(sum).Is("Add")) return kNone;
  const ValueId term = Beside(graph, graph.node(sum), 1);
  const NodeId erf = graph.ProducerId(term);
  if (erf == kNone || !graph.node(erf).Is("Erf") || !graph.IsOnlyRead(term)) return kNone;
  const ValueId inner = graph.node(erf).inputs[0];
  const NodeId scaled = graph.ProducerId(inner);
  if (scaled == kNone || !graph.IsOnlyRead(inner)) return kNone;
  const Node& node = graph.node(scaled);
  nodes.insert(nodes.end(), {scaled, erf, sum});
  if (node.Is("Mul")) return Beside(graph, node, std::numbers::sqrt2 / 2);
  const bool divides = node.Is("Div") && IsAbout(ScalarOf(graph, node, 1), std::numbers::sqrt2);
  return divides ? node.inputs[0] : kNone;
}

// The factors of a product of products, those in between read by it alone.
void CollectFactors(const Graph& graph, NodeId id, int depth, std::vector<ValueId>& factors,
                    std::vector<NodeId>& nodes) {
  for (const ValueId input : graph.node(id).inputs) {
    const NodeId from = graph.ProducerId(input);
    const bool is_inner =
        depth > 0 && from != kNone && graph.node(from).Is("Mul") && graph.OnlyReader(input) == id;
    if (is_inner) {
      CollectFactors(graph, from, depth - 1, factors, nodes);
      nodes.push_back(from);
    } else {
      factors.push_back(input);
    }
  }
}

bool IsHalf(const Graph& graph, ValueId id) {
  const std::optional<KnownValue>& constant = graph.value(id).constant;
  return constant && IsFloat(constant->view.dtype) && IsAbout(segforge::ScalarOf(*constant), 0.5);
}

ValueId MatchAt(const Graph& graph, NodeId y, std::vector<NodeId>& nodes) {
  if (!graph.node(y).Is("Mul")) return kNone;
  std::vector<ValueId> factors;
  CollectFactors(graph, y, 1, factors, nodes);
  if (factors.size() != 3) return kNone;
  const auto half = std::ranges::find_if(factors, [&](ValueId id) { return IsHalf(graph, id); });
  if (half == factors.end()) return kNone;
  factors.erase(half);
  for (const size_t i : {size_t{0}, size_t{1}}) {
    std::vector<NodeId> term;
    const ValueId x = ErfTerm(graph, graph.ProducerId(factors[i]), term);
    if (x == kNone || x != factors[1 - i] || !graph.IsOnlyRead(factors[i])) continue;
    nodes.insert(nodes.end(), term.begin(), term.end());
    return x;
  }
  return kNone;
}

}  // namespace

Result<int> FuseGelu(Graph& graph, const Choice& choice) {
  if (choice.is_none()) return 0;
  if (graph.opset() < 20)
    return InvalidInput("Gelu is of opset 20, the file of opset {}: give --opset 20 or later", graph.opset());
  Chooser chooser(graph, choice, "gelu");
  Result<int> count = RewriteEach(graph, [&](NodeId id) -> Result<bool> {
    std::vector<NodeId> nodes;
    const ValueId x = MatchAt(graph, id, nodes);
    nodes.push_back(id);
    if (x == kNone || !chooser.Takes(nodes)) return false;
    graph.Become(id, "Gelu", {x});
    return true;
  });
  if (!count.ok()) return count;
  SEGFORGE_RETURN_IF_ERROR(chooser.Finish());
  return count;
}

}  // namespace segforge::simplify
