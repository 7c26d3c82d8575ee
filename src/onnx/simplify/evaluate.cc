#include "onnx/simplify/evaluate.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "base/memory.h"

namespace segforge::simplify {
namespace {

Evaluation FindEvaluation(const Node& node) {
  static const auto kEntries = [] {
    std::unordered_map<std::string_view, Evaluation> entries;
    for (const auto& table : {MoveEvaluations(), NumberEvaluations(), LayerEvaluations()}) {
      for (const EvaluationEntry& entry : table) entries[entry.op] = entry.evaluate;
    }
    return entries;
  }();
  const auto found = kEntries.find(node.spec.op);
  return node.spec.domain.empty() && found != kEntries.end() ? found->second : nullptr;
}

std::optional<Shape> KnownShape(const Type& type) {
  if (!type.dtype || !type.dims || !AllKnown(*type.dims)) return std::nullopt;
  std::vector<int64_t> dims;
  for (const Size& size : *type.dims) dims.push_back(size.value());
  const Result<Shape> shape = Shape::FromUntrusted(dims);
  return shape.ok() ? std::optional(*shape) : std::nullopt;
}

int64_t BytesOfInputs(const NodeView& view) {
  int64_t bytes = 0;
  for (size_t i = 0; i < view.inputs(); ++i) {
    if (view.constant(i) != nullptr) bytes += static_cast<int64_t>(view.constant(i)->view.bytes());
  }
  return bytes;
}

// Reshape and its like share the bytes.
std::optional<KnownValue> Renamed(const NodeView& view, const Shape& shape) {
  static constexpr auto kSameBytes =
      std::to_array<std::string_view>({"Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Dropout"});
  const KnownValue* from = view.constant(0);
  if (std::ranges::find(kSameBytes, view.spec().op) == kSameBytes.end() || from == nullptr)
    return std::nullopt;
  if (from->view.shape.elems() != shape.elems()) return std::nullopt;
  KnownValue same = *from;
  same.view.shape = shape;
  return same;
}

}  // namespace

Result<std::vector<KnownValue>> Evaluate(const NodeView& view) {
  const std::vector<KnownValue> nothing;
  for (size_t i = 0; i < view.inputs(); ++i) {
    if (view.Has(i) && view.constant(i) == nullptr) return nothing;
  }
  if (!view.node().captured.empty() || !view.spec().domain.empty()) return nothing;
  SEGFORGE_ASSIGN_OR_RETURN(const Types types, InferTypes(view));
  std::vector<Shape> shapes;
  int64_t bytes = 0;
  for (const Type& type : types) {
    if (!type.dtype || !type.dims || !AllKnown(*type.dims)) return nothing;
    const std::optional<Shape> shape = KnownShape(type);
    if (!shape || shape->elems() > kMaxElems)
      return InvalidInput("gives {}: expected at most {} elements", ToString(*type.dims), kMaxElems);
    shapes.push_back(*shape);
    bytes += shape->elems() * 8;  // of the widest type
  }
  if (shapes.empty()) return nothing;
  if (std::optional<KnownValue> same = Renamed(view, shapes[0]))
    return std::vector<KnownValue>{*std::move(same)};
  const Evaluation evaluate = FindEvaluation(view.node());
  if (evaluate == nullptr || bytes > kMaxGrowthBytes + 8 * BytesOfInputs(view)) return nothing;
  // Inputs and outputs are widened to numbers of 8 bytes each while they are computed.
  SEGFORGE_RETURN_IF_ERROR(CheckMemory(3 * bytes + 8 * BytesOfInputs(view), "a folded constant"));
  std::vector<Tensor> outputs;
  outputs.reserve(shapes.size());
  for (size_t i = 0; i < shapes.size(); ++i) outputs.emplace_back(*types[i].dtype, shapes[i]);
  if (!evaluate(view, outputs)) return nothing;
  std::vector<KnownValue> values;
  values.reserve(outputs.size());
  for (Tensor& output : outputs) values.push_back(KnownValue::Of(std::move(output)));
  return values;
}

}  // namespace segforge::simplify
