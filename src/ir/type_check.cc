#include "ir/type_check.h"

#include <array>

#include "ir/op_table.h"

namespace segforge {
namespace {

constexpr std::array<std::string_view, std::variant_size_v<Attributes>> kAttributeKinds = {
    "NoAttrs",      "Conv2dAttrs",      "LayerNormAttrs", "BatchNormAttrs",      "MatMulAttrs",
    "ReshapeAttrs", "TransposeAttrs",   "ResizeAttrs",    "LinearEpilogueAttrs", "AttentionAttrs",
    "MixFfnAttrs",  "UpsampleSumAttrs", "CastAttrs"};

std::string ExpectedInputs(const OpRow& row) {
  if (row.min_inputs == row.max_inputs) return fmt::format("{}", row.min_inputs);
  if (row.max_inputs > row.min_inputs + 8) return fmt::format("at least {}", row.min_inputs);
  return fmt::format("{} to {}", row.min_inputs, row.max_inputs);
}

Status CheckDTypes(const Graph& graph, const Node& node) {
  const DType computed = InputDType(graph, node);
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const Node& input = graph.node(node.inputs[i]);
    const DType expected = input.op == Op::kConstant ? DType::kF32 : computed;
    if (input.type.dtype == expected && IsFloat(expected)) continue;
    return InvalidInput("input {}: expected {}, got {}", i,
                        IsFloat(expected) ? NameOf(expected) : "a float type", NameOf(input.type.dtype));
  }
  return Status();
}

DType ResultDType(const Graph& graph, const Node& node) {
  if (node.op == Op::kCast) return node.as<CastAttrs>().to;
  if (node.op == Op::kDecodeHead) return DType::kF32;
  return InputDType(graph, node);
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
  SEGFORGE_RETURN_IF_ERROR(CheckDTypes(graph, node));
  std::vector<const Node*> inputs;
  for (NodeId id : node.inputs) inputs.push_back(&graph.node(id));
  SEGFORGE_ASSIGN_OR_RETURN(ValueType type, row.infer(inputs, node.attributes));
  type.dtype = ResultDType(graph, node);
  return type;
}

}  // namespace

DType InputDType(const Graph& graph, const Node& node) {
  for (const NodeId id : node.inputs) {
    if (graph.node(id).op != Op::kConstant) return graph.node(id).type.dtype;
  }
  return DType::kF32;
}

Result<ValueType> InferType(const Graph& graph, const Node& node) {
  const OpRow& row = RowOf(node.op);
  Result<ValueType> type = Infer(row, graph, node);
  if (!type.ok()) return type.status().Within(fmt::format("{} \"{}\"", row.name, node.name));
  return type;
}

}  // namespace segforge
