#include "onnx/simplify/fuse_concats.h"

#include "onnx/simplify/infer.h"
#include "onnx/simplify/rewrite.h"

namespace segforge::simplify {
namespace {

std::optional<size_t> AxisOfConcat(const Graph& graph, const Node& node) {
  const Sizes* dims = graph.DimsOf(node, 0);
  if (!node.Is("Concat") || dims == nullptr) return std::nullopt;
  const Result<size_t> axis = AxisOf(node.spec.Int("axis", 1), dims->size());
  return axis.ok() ? std::optional(*axis) : std::nullopt;
}

bool FuseInner(Graph& graph, NodeId id) {
  const std::optional<size_t> axis = AxisOfConcat(graph, graph.node(id));
  if (!axis) return false;
  std::vector<ValueId> inputs;
  bool fused = false;
  for (const ValueId input : graph.node(id).inputs) {
    const Node* inner = graph.Producer(input);
    const bool is_own =
        inner != nullptr && graph.OnlyReader(input) == id && AxisOfConcat(graph, *inner) == axis;
    fused = fused || is_own;
    if (is_own) {
      inputs.insert(inputs.end(), inner->inputs.begin(), inner->inputs.end());
    } else {
      inputs.push_back(input);
    }
  }
  if (fused) graph.SetInputs(id, std::move(inputs));
  return fused;
}

struct ListGather {
  ValueId list = kNone;
  std::vector<int64_t> indices;
};

// A Gather of a list at constant places that `reader` alone reads.
std::optional<ListGather> MatchGather(const Graph& graph, ValueId input, NodeId reader) {
  const Node* node = graph.Producer(input);
  if (node == nullptr || !node->Is("Gather") || graph.OnlyReader(input) != reader) return std::nullopt;
  const Sizes *list = graph.DimsOf(*node, 0), *places = graph.DimsOf(*node, 1);
  const auto indices = NumbersOf(graph, *node, 1, "");
  const bool fits =
      list != nullptr && list->size() == 1 && places != nullptr && places->size() == 1 && indices;
  return fits ? std::optional(ListGather{node->inputs[0], *indices}) : std::nullopt;
}

// The first two neighbours that are of one list.
bool FuseNeighbours(Graph& graph, NodeId id) {
  if (!graph.node(id).Is("Concat")) return false;
  const std::vector<ValueId> inputs = graph.node(id).inputs;
  for (size_t i = 0; i + 1 < inputs.size(); ++i) {
    std::optional<ListGather> left = MatchGather(graph, inputs[i], id);
    const std::optional<ListGather> right = MatchGather(graph, inputs[i + 1], id);
    if (!left || !right || left->list != right->list) continue;
    left->indices.insert(left->indices.end(), right->indices.begin(), right->indices.end());
    const Type type = {graph.value(left->list).type.dtype, Sizes{static_cast<int64_t>(left->indices.size())}};
    const std::string like = graph.value(inputs[i]).name;
    const ValueId indices = graph.AddConstant(like + ".indices", KnownValue::Of(left->indices));
    const NodeId both = graph.AddNode("Gather", {left->list, indices}, {{"axis", int64_t{0}}}, like, type);
    std::vector<ValueId> rest = inputs;
    rest[i] = graph.node(both).outputs[0];
    rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    graph.SetInputs(id, std::move(rest));
    return true;
  }
  return false;
}

}  // namespace

Result<int> FuseConcats(Graph& graph) {
  return RewriteEach(graph, [&](NodeId id) -> Result<bool> {
    bool fused = FuseInner(graph, id);
    while (FuseNeighbours(graph, id)) fused = true;
    return fused;
  });
}

}  // namespace segforge::simplify
