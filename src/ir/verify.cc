#include "ir/graph.h"
#include "ir/op_table.h"
#include "ir/type_check.h"

namespace segforge {
namespace {

std::string Describe(const Node& node) { return fmt::format("{} \"{}\"", NameOf(node.op), node.name); }
std::string Describe(const ValueType& type) {
  return fmt::format("{}{}", NameOf(type.dtype), ToString(type.shape));
}

Status VerifyPrecision(const Graph& graph, const Node& node) {
  const DType read = StorageOf(node.precision);
  const DType got = InputDType(graph, node);
  if (node.op == Op::kCast || got == read) return Status();
  return InvalidInput("{}: {} reads {}, got {}", Describe(node), NameOf(node.precision), NameOf(read),
                      NameOf(got));
}

Status VerifyNode(const Graph& graph, const Node& node) {
  ValueType expected = node.type;
  if (node.op == Op::kConstant) {
    if (node.constant == nullptr) return InvalidInput("{}: has no tensor", Describe(node));
    const auto dims = node.constant->shape().dims();
    expected = {node.constant->dtype(), DimShape(dims.begin(), dims.end())};
  } else if (node.op != Op::kInput) {
    SEGFORGE_RETURN_IF_ERROR(VerifyPrecision(graph, node));
    SEGFORGE_ASSIGN_OR_RETURN(expected, InferType(graph, node));
  }
  if (node.type == expected) return Status();
  return InvalidInput("{}: expected type {}, got {}", Describe(node), Describe(expected),
                      Describe(node.type));
}

}  // namespace

Status Verify(const Graph& graph) {
  for (const GraphOutput& output : graph.outputs()) {
    if (output.value < 0 || output.value >= graph.size()) {
      return InvalidInput("output \"{}\": expected a node below %{}, got %{}", output.name, graph.size(),
                          output.value);
    }
  }
  // In a post-order every input comes first, unless it can be reached only through its own reader: a cycle.
  std::vector<bool> done(static_cast<size_t>(graph.size()), false);
  for (NodeId id : graph.LiveNodes()) {
    const Node& node = graph.node(id);
    for (NodeId input : node.inputs) {
      if (!done[static_cast<size_t>(input)]) return InvalidInput("{}: depends on itself", Describe(node));
    }
    SEGFORGE_RETURN_IF_ERROR(VerifyNode(graph, node));
    done[static_cast<size_t>(id)] = true;
  }
  return Status();
}

}  // namespace segforge
