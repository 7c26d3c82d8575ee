#include "passes/rewrite.h"

#include <algorithm>

namespace segforge {

Uses::Uses(const Graph& graph)
    : live_(static_cast<size_t>(graph.size())),
      reads_(static_cast<size_t>(graph.size())),
      reader_(static_cast<size_t>(graph.size()), kNoNode) {
  for (NodeId id : graph.LiveNodes()) {
    live_[static_cast<size_t>(id)] = true;
    for (NodeId input : graph.node(id).inputs) {
      ++reads_[static_cast<size_t>(input)];
      reader_[static_cast<size_t>(input)] = id;
    }
  }
  for (const GraphOutput& output : graph.outputs()) ++reads_[static_cast<size_t>(output.value)];
}

NodeId Uses::OnlyReader(NodeId id) const {
  return reads_[static_cast<size_t>(id)] == 1 ? reader_[static_cast<size_t>(id)] : kNoNode;
}

Result<int> RewriteEach(Graph& graph, FunctionRef<Result<bool>(const Uses& uses, NodeId id)> rewrite) {
  int rewrites = 0;
  Uses uses(graph);
  for (NodeId id : graph.LiveNodes()) {
    if (!uses.IsLive(id)) continue;
    SEGFORGE_ASSIGN_OR_RETURN(const bool changed, rewrite(uses, id));
    if (!changed) continue;
    ++rewrites;
    uses = Uses(graph);
  }
  return rewrites;
}

const Tensor* FloatConstant(const Graph& graph, const Node& node, size_t index) {
  const Tensor* constant = graph.ConstantInput(node, index);
  return constant != nullptr && constant->dtype() == DType::kF32 ? constant : nullptr;
}

std::optional<float> ScalarConstant(const Graph& graph, const Node& node, size_t index) {
  const Tensor* constant = FloatConstant(graph, node, index);
  if (constant == nullptr || constant->shape().elems() != 1) return std::nullopt;
  return constant->span<float>()[0];
}

std::optional<ConstantLinear> MatchConstantLinear(const Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  if (node.op != Op::kLinear) return std::nullopt;
  const ConstantLinear linear = {node.inputs[0], FloatConstant(graph, node, 1),
                                 FloatConstant(graph, node, 2)};
  const bool bias_is_computed = node.inputs.size() > 2 && linear.bias == nullptr;
  if (linear.weight == nullptr || bias_is_computed) return std::nullopt;
  return linear;
}

Result<NodeId> AddLinear(Graph& graph, const std::string& name, NodeId x, Tensor weight,
                         std::optional<Tensor> bias) {
  std::vector<NodeId> inputs = {x, graph.AddConstant(name + ".weight", std::move(weight))};
  if (bias) inputs.push_back(graph.AddConstant(name + ".bias", *std::move(bias)));
  return graph.Add(Op::kLinear, name, std::move(inputs));
}

std::string CommonName(std::initializer_list<std::string_view> names) {
  const std::string_view first = *names.begin();
  size_t parts_end = std::string_view::npos;  // of the parts in common, without the dot after them
  for (std::string_view name : names) {
    const std::string_view kept = first.substr(0, parts_end);
    const auto [end, other_end] = std::mismatch(kept.begin(), kept.end(), name.begin(), name.end());
    const size_t length = static_cast<size_t>(end - kept.begin());
    const bool at_boundary =
        (length == first.size() || first[length] == '.') && (other_end == name.end() || *other_end == '.');
    parts_end = at_boundary ? length : kept.substr(0, length).rfind('.');
    if (parts_end == std::string_view::npos) return std::string(first);
  }
  return std::string(first.substr(0, parts_end));
}

std::vector<double> ToDoubles(const Tensor& tensor) {
  const auto values = tensor.span<float>();
  return {values.begin(), values.end()};
}

Tensor FromDoubles(const Shape& shape, const std::vector<double>& values) {
  Tensor tensor(DType::kF32, shape);
  SEGFORGE_CHECK(tensor.span<float>().size() == values.size());
  std::transform(values.begin(), values.end(), tensor.span<float>().begin(),
                 [](double value) { return static_cast<float>(value); });
  return tensor;
}

}  // namespace segforge
