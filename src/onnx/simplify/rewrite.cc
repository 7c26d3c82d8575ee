#include "onnx/simplify/rewrite.h"

#include <algorithm>

#include "onnx/simplify/infer.h"
#include "onnx/simplify/numbers.h"

namespace segforge::simplify {

Result<int> RewriteEach(Graph& graph, FunctionRef<Result<bool>(NodeId id)> rewrite) {
  int count = 0;
  for (const NodeId id : graph.Order()) {
    const Node& node = graph.node(id);
    if (node.is_dead || node.outputs.empty() || node.outputs[0] == kNone) continue;
    SEGFORGE_ASSIGN_OR_RETURN(const bool changed, rewrite(id));
    count += changed ? 1 : 0;
  }
  return count;
}

const std::vector<int64_t>* PermutationOf(const Node& node) {
  const auto* perm = node.Is("Transpose") ? node.spec.Find<std::vector<int64_t>>("perm") : nullptr;
  if (perm == nullptr) return nullptr;
  std::vector<int64_t> sorted = *perm;
  std::ranges::sort(sorted);
  for (size_t i = 0; i < sorted.size(); ++i) {
    if (sorted[i] != static_cast<int64_t>(i)) return nullptr;
  }
  return perm;
}

std::optional<double> ScalarOf(const Graph& graph, const Node& node, size_t input) {
  const std::optional<std::vector<double>> values = FloatsOf(graph, node, input);
  return values && values->size() == 1 ? std::optional(values->front()) : std::nullopt;
}

std::optional<std::vector<double>> FloatsOf(const Graph& graph, const Node& node, size_t input) {
  const KnownValue* constant = graph.Constant(node, input);
  if (constant == nullptr || !IsFloat(constant->view.dtype)) return std::nullopt;
  return ReadNumbers<double>(constant->view);
}

std::optional<std::vector<int64_t>> NumbersOf(const Graph& graph, const Node& node, size_t input,
                                              std::string_view attribute) {
  return NodeView(graph, node).Numbers(input, attribute);
}

KnownValue FloatConstant(DType dtype, const Shape& shape, const std::vector<double>& values) {
  Tensor tensor(dtype, shape);
  WriteNumbers(values, tensor);
  return KnownValue::Of(std::move(tensor));
}

std::optional<std::vector<double>> PerChannel(const Graph& graph, const Node& node, size_t input, size_t axis,
                                              size_t rank, int64_t channels) {
  const KnownValue* constant = graph.Constant(node, input);
  if (constant == nullptr || !IsFloat(constant->view.dtype)) return std::nullopt;
  const Shape& shape = constant->view.shape;
  if (static_cast<size_t>(shape.rank()) > rank) return std::nullopt;
  const size_t offset = rank - static_cast<size_t>(shape.rank());
  for (size_t i = 0; i < static_cast<size_t>(shape.rank()); ++i) {
    const int64_t size = shape[static_cast<int>(i)];
    if (size != 1 && (i + offset != axis || size != channels)) return std::nullopt;
  }
  std::vector<double> values = ReadNumbers<double>(constant->view);
  if (values.size() == 1) values.assign(static_cast<size_t>(channels), values[0]);
  return values;
}

std::optional<std::vector<int64_t>> ShapeToAsk(const Sizes* from, const Sizes& to) {
  std::vector<int64_t> shape;
  bool has_open = false;
  for (size_t i = 0; i < to.size(); ++i) {
    const bool stays = from != nullptr && i < from->size() && (*from)[i] == to[i];
    if (to[i].is_known() && (to[i].value() > 0 || stays)) {
      shape.push_back(to[i].value());
    } else if (!to[i].is_known() && stays) {
      shape.push_back(0);
    } else if (!to[i].is_known() && !has_open) {
      shape.push_back(-1);
      has_open = true;
    } else {
      return std::nullopt;
    }
  }
  // Nothing can be left open where there are no elements.
  const bool is_empty = std::ranges::any_of(to, [](const Size& size) { return size == Size(0); });
  return has_open && is_empty ? std::nullopt : std::optional(shape);
}

}  // namespace segforge::simplify
