#include "ir/type_check.h"

#include <array>

#include "ir/op_table.h"

namespace segforge {
namespace {

constexpr std::array<std::string_view, std::variant_size_v<Attributes>> kAttributeKinds = {
    "NoAttrs",      "Conv2dAttrs",     "LayerNormAttrs", "BatchNormAttrs",      "MatMulAttrs",
    "ReshapeAttrs", "TransposeAttrs",  "ResizeAttrs",    "LinearEpilogueAttrs", "AttentionAttrs",
    "MixFfnAttrs",  "UpsampleSumAttrs"};

std::string ExpectedInputs(const OpRow& row) {
  if (row.min_inputs == row.max_inputs) return fmt::format("{}", row.min_inputs);
  if (row.max_inputs > row.min_inputs + 8) return fmt::format("at least {}", row.min_inputs);
  return fmt::format("{} to {}", row.min_inputs, row.max_inputs);
}

Result<ValueType> Infer(const OpRow& row, const Graph& graph, const Node& node) {
  if (row.infer == nullptr) return InvalidInput("is not an op that is computed");
  const int count = static_cast<int>(node.inputs.size());
  if (count < row.min_inputs || count > row.max_inputs) {
    return InvalidInput("expected {} inputs, got {}", ExpectedInputs(row), count);
  }
  if (node.attributes.index() != row.attributes) {
    return InvalidInput("expected {} attributes, got {}", kAttributeKinds[row.attributes],
                        kAttributeKinds[node.attributes.index()]);
  }
  std::vector<const Node*> inputs;
  for (NodeId id : node.inputs) inputs.push_back(&graph.node(id));
  const DType dtype = inputs[0]->type.dtype;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i]->type.dtype == dtype && IsFloat(dtype)) continue;
    return InvalidInput("input {}: expected {}, got {}", i, IsFloat(dtype) ? NameOf(dtype) : "a float type",
                        NameOf(inputs[i]->type.dtype));
  }
  return row.infer(inputs, node.attributes);
}

}  // namespace

Result<ValueType> InferType(const Graph& graph, const Node& node) {
  const OpRow& row = RowOf(node.op);
  Result<ValueType> type = Infer(row, graph, node);
  if (!type.ok()) return type.status().Within(fmt::format("{} \"{}\"", row.name, node.name));
  return type;
}

}  // namespace segforge
