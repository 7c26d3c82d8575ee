#include "onnx/simplify/infer.h"

#include <algorithm>
#include <unordered_map>

#include "formats/printable.h"

namespace segforge::simplify {
namespace {

const InferenceRow* FindRow(const Node& node) {
  static const auto kRows = [] {
    std::unordered_map<std::string_view, const InferenceRow*> rows;
    for (const auto& table : {ElementwiseInferences(), LayerInferences(), ArrangementInferences()}) {
      for (const InferenceRow& row : table) rows[row.op] = &row;
    }
    return rows;
  }();
  if (!node.spec.domain.empty()) return nullptr;
  const auto found = kRows.find(node.spec.op);
  return found == kRows.end() ? nullptr : found->second;
}

bool Contradict(const Type& a, const Type& b) {
  if (a.dtype && b.dtype && *a.dtype != *b.dtype) return true;
  if (!a.dims || !b.dims) return false;
  if (a.dims->size() != b.dims->size()) return true;
  for (size_t i = 0; i < a.dims->size(); ++i) {
    const Size &left = (*a.dims)[i], &right = (*b.dims)[i];
    if (left.is_known() && right.is_known() && left != right) return true;
  }
  return false;
}

// Within what is computed with them nothing overflows.
Status CheckSizes(const Type& type) {
  constexpr int64_t kMost = int64_t{1} << 48;
  for (const Size& size : type.dims.value_or(Sizes())) {
    if (size.is_known() && (size.value() < 0 || size.value() > kMost))
      return InvalidInput("{}: a size of {}", ToString(*type.dims), size.value());
  }
  return Status();
}

std::string ToString(const Type& type) {
  return fmt::format("{} {}", type.dtype ? NameOf(*type.dtype) : "?",
                     type.dims ? ToString(*type.dims) : "of any shape");
}

// What was inferred, and from the file what was not.
Result<Type> Merged(const Value& value, Type inferred) {
  if (Contradict(inferred, value.said)) {
    return InvalidInput("\"{}\": the file says {}, but it is {}", Printable(value.name), ToString(value.said),
                        ToString(inferred));
  }
  if (!inferred.dtype) inferred.dtype = value.said.dtype;
  if (!inferred.dims) {
    inferred.dims = value.said.dims;
    // The names that a file gives to sizes inside are nobody's promise that those are equal.
    for (size_t i = 0; inferred.dims && i < inferred.dims->size(); ++i) {
      if (!(*inferred.dims)[i].is_known()) (*inferred.dims)[i] = Size::Unknown(value.name, i);
    }
  } else if (value.said.dims) {
    for (size_t i = 0; i < inferred.dims->size(); ++i) {
      const Size& said = (*value.said.dims)[i];
      if (said.is_known()) (*inferred.dims)[i] = said;
    }
  }
  return inferred;
}

Status InferNode(Graph& graph, const Node& node) {
  const NodeView view(graph, node);
  SEGFORGE_ASSIGN_OR_RETURN(Types types, InferTypes(view));
  types.resize(node.outputs.size());
  for (size_t i = 0; i < types.size(); ++i) {
    if (node.outputs[i] == kNone) continue;
    Value& output = graph.value(node.outputs[i]);
    SEGFORGE_ASSIGN_OR_RETURN(output.type, Merged(output, std::move(types[i])));
  }
  if (node.outputs.empty() || node.outputs[0] == kNone) return Status();
  Value& output = graph.value(node.outputs[0]);
  output.content = FindRow(node) != nullptr ? ContentOf(view) : std::nullopt;
  return Status();
}

}  // namespace

std::optional<DType> NodeView::dtype(size_t input) const {
  const Type* type = graph_.TypeOf(node_, input);
  return type != nullptr ? type->dtype : std::nullopt;
}

const Sizes* NodeView::content(size_t input) const {
  if (!Has(input)) return nullptr;
  const std::optional<Sizes>& content = graph_.value(node_.inputs[input]).content;
  return content ? &*content : nullptr;
}

std::optional<std::vector<int64_t>> NodeView::Numbers(size_t input, std::string_view attribute) const {
  if (!Has(input)) {
    const auto* numbers = spec().Find<std::vector<int64_t>>(attribute);
    return numbers != nullptr ? *numbers : std::vector<int64_t>();
  }
  const Sizes* elements = content(input);
  if (elements == nullptr || !AllKnown(*elements)) return std::nullopt;
  std::vector<int64_t> numbers;
  for (const Size& element : *elements) numbers.push_back(element.value());
  return numbers;
}

Size NodeView::Unknown(size_t axis) const {
  const ValueId output = node_.outputs.empty() ? kNone : node_.outputs[0];
  return Size::Unknown(output == kNone ? node_.spec.name : graph_.value(output).name, axis);
}

bool IsKnownOperator(const Node& node) { return FindRow(node) != nullptr; }

Result<Types> InferTypes(const NodeView& view) {
  const InferenceRow* row = FindRow(view.node());
  if (row == nullptr) return Types();
  if (!view.Has(0)) return InvalidInput("input 0 is missing");
  SEGFORGE_ASSIGN_OR_RETURN(Types types, row->infer(view));
  for (const Type& type : types) SEGFORGE_RETURN_IF_ERROR(CheckSizes(type));
  return types;
}

Result<size_t> AxisOf(int64_t axis, size_t rank) {
  const auto count = static_cast<int64_t>(rank);
  if (axis < -count || axis >= count) return InvalidInput("axis {} of {} axes", axis, rank);
  return static_cast<size_t>(axis < 0 ? axis + count : axis);
}

Result<Sizes> Broadcast(const Sizes& a, const Sizes& b, const NodeView& view) {
  const Sizes& longer = a.size() >= b.size() ? a : b;
  const Sizes& shorter = a.size() >= b.size() ? b : a;
  Sizes result = longer;
  const size_t offset = longer.size() - shorter.size();
  for (size_t i = 0; i < shorter.size(); ++i) {
    const Size &left = longer[offset + i], &right = shorter[i];
    Size& size = result[offset + i];
    if (left == right || right == Size(1)) continue;
    if (left == Size(1)) {
      size = right;
    } else if (left.is_known() && right.is_known()) {
      return InvalidInput("{} and {} do not pair up", simplify::ToString(a), simplify::ToString(b));
    } else {
      size = left.is_known() ? left : right.is_known() ? right : view.Unknown(offset + i);
    }
  }
  return result;
}

Status Infer(Graph& graph) {
  for (size_t i = 0; i < graph.value_count(); ++i) {
    Value& value = graph.value(static_cast<ValueId>(i));
    const Status status = CheckSizes(value.said);
    if (!status.ok()) return status.Within(fmt::format("\"{}\"", Printable(value.name)));
    if (value.producer == kNone && !value.is_constant()) value.type = value.said;
  }
  for (const NodeId id : graph.Order()) {
    const Status status = InferNode(graph, graph.node(id));
    if (!status.ok()) {
      const OnnxNode& spec = graph.node(id).spec;
      return status.Within(fmt::format("node \"{}\" ({})", Printable(spec.name), Printable(spec.op)));
    }
  }
  return Status();
}

}  // namespace segforge::simplify
