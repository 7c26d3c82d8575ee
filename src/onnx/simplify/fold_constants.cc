#include "onnx/simplify/fold_constants.h"

#include "formats/printable.h"
#include "onnx/simplify/evaluate.h"
#include "onnx/simplify/numbers.h"
#include "onnx/simplify/rewrite.h"

namespace segforge::simplify {
namespace {

// A value whose elements follow from sizes.
std::optional<KnownValue> FromContent(const Value& value) {
  const Type& type = value.type;
  if (!value.content || !AllKnown(*value.content) || !type.dtype || IsFloat(*type.dtype)) return std::nullopt;
  if (!type.dims || type.dims->size() > 1) return std::nullopt;
  const Shape shape = type.dims->empty() ? Shape() : Shape{static_cast<int64_t>(value.content->size())};
  std::vector<int64_t> numbers;
  for (const Size& size : *value.content) numbers.push_back(size.value());
  Tensor tensor(*type.dtype, shape);
  WriteNumbers(numbers, tensor);
  return KnownValue::Of(std::move(tensor));
}

Result<std::vector<KnownValue>> ConstantsOf(const Graph& graph, const Node& node) {
  std::vector<KnownValue> values;
  std::optional<KnownValue> one;
  if (node.Is("Constant")) one = ConstantOf(node.spec);
  if (!one && node.outputs.size() == 1 && node.outputs[0] != kNone)
    one = FromContent(graph.value(node.outputs[0]));
  if (one) return std::vector<KnownValue>{*std::move(one)};
  if (node.inputs.empty()) return values;
  return Evaluate(NodeView(graph, node));
}

}  // namespace

Result<int> FoldConstants(Graph& graph) {
  return RewriteEach(graph, [&](NodeId id) -> Result<bool> {
    const Node& node = graph.node(id);
    Result<std::vector<KnownValue>> values = ConstantsOf(graph, node);
    if (!values.ok()) {
      return values.status().Within(
          fmt::format("node \"{}\" ({})", Printable(node.spec.name), Printable(node.spec.op)));
    }
    bool folded = false;
    const std::vector<ValueId> outputs = node.outputs;
    for (size_t i = 0; i < outputs.size() && i < values->size(); ++i) {
      if (outputs[i] == kNone || !IsPlainName(graph.value(outputs[i]).name)) continue;
      graph.MakeConstant(outputs[i], std::move((*values)[i]));
      folded = true;
    }
    return folded;
  });
}

}  // namespace segforge::simplify
