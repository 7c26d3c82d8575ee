#include "onnx/translator.h"

#include <algorithm>
#include <array>

#include "formats/printable.h"

namespace segforge {
namespace {

constexpr int64_t kColors = 3;

Translation FindTranslation(std::string_view op) {
  for (const auto& table : {LayerTranslations(), ElementwiseTranslations(), ArrangementTranslations()}) {
    const auto row = std::ranges::find(table, op, &TranslationRow::op);
    if (row != table.end()) return row->translate;
  }
  return nullptr;
}

Result<KnownValue> ConstantNode(const OnnxNode& node) {
  std::optional<KnownValue> value = ConstantOf(node);
  if (value) return *std::move(value);
  return Unsupported("expected a value of numbers");
}

DimShape ToDims(const AxisLayout& layout, const std::vector<AxisLayout::Axis>& axes) {
  DimShape shape;
  for (const AxisLayout::Axis& axis : axes) shape.emplace_back(layout.SizeOf(axis));
  return shape;
}

}  // namespace

bool Translator::Has(const OnnxNode& node, size_t index) const {
  return index < node.inputs.size() && !node.inputs[index].empty();
}

Result<const OnnxValue*> Translator::Input(const OnnxNode& node, size_t index) const {
  if (!Has(node, index)) return InvalidInput("input {} is missing", index);
  const auto found = values_.find(node.inputs[index]);
  if (found == values_.end())
    return Unsupported("input \"{}\" is an output that is not supported", Printable(node.inputs[index]));
  return &found->second;
}

Result<MapValue> Translator::MapInput(const OnnxNode& node, size_t index) const {
  SEGFORGE_ASSIGN_OR_RETURN(const OnnxValue* value, Input(node, index));
  if (const auto* map = std::get_if<MapValue>(value)) return *map;
  return Unsupported("input {} is not computed from the image", index);
}

const KnownValue* Translator::ConstantInput(const OnnxNode& node, size_t index) const {
  const Result<const OnnxValue*> value = Input(node, index);
  return value.ok() ? std::get_if<KnownValue>(*value) : nullptr;
}

Result<std::vector<int64_t>> Translator::WholeNumbersOf(const OnnxNode& node, size_t index,
                                                        std::string_view attribute) const {
  if (Has(node, index)) {
    const KnownValue* constant = ConstantInput(node, index);
    if (constant == nullptr) return Unsupported("input {}: expected known numbers", index);
    return WholeNumbers(*constant);
  }
  const auto* numbers = node.Find<std::vector<int64_t>>(attribute);
  return numbers != nullptr ? *numbers : std::vector<int64_t>();
}

Result<NodeId> Translator::Add(Op op, const OnnxNode& node, std::vector<NodeId> inputs,
                               Attributes attributes) {
  return graph_.Add(op, Printable(node.outputs.front()), std::move(inputs), std::move(attributes));
}

NodeId Translator::AddConstant(const OnnxNode& node, Tensor tensor) {
  return graph_.AddConstant(Printable(node.outputs.front()), std::move(tensor));
}

Result<MapValue> Translator::Settled(MapValue map, const OnnxNode& node) {
  if (map.factor == 1) return map;
  const std::array<float, 1> factor = {static_cast<float>(map.factor)};
  const NodeId constant = AddConstant(node, Tensor::From<float>({1}, std::span<const float>(factor)));
  SEGFORGE_ASSIGN_OR_RETURN(map.node, Add(Op::kMul, node, {map.node, constant}));
  map.factor = 1;
  return map;
}

Result<MapValue> Translator::ChannelsLast(MapValue map, const OnnxNode& node) {
  if (map.layout.IsChannelsLast() || map.layout.seen().empty()) return map;
  std::vector<AxisLayout::Axis> axes;
  for (size_t i = 0; i + 1 < map.layout.seen().size(); ++i) {
    for (const int id : map.layout.seen()[i]) axes.push_back({id});
  }
  axes.push_back(map.layout.seen().back());
  return Arranged(std::move(map), std::move(axes), node);
}

Result<MapValue> Translator::Arranged(MapValue map, std::vector<AxisLayout::Axis> axes,
                                      const OnnxNode& node) {
  std::vector<AxisLayout::Axis> stored = map.layout.stored();
  const auto reshape = [&](const std::vector<AxisLayout::Axis>& to) -> Status {
    if (stored == to) return Status();
    SEGFORGE_ASSIGN_OR_RETURN(map.node,
                              Add(Op::kReshape, node, {map.node}, ReshapeAttrs{ToDims(map.layout, to)}));
    stored = to;
    return Status();
  };
  if (!map.layout.KeepsStoredAxes()) {
    const std::vector<int> order = Flatten(stored);
    const auto place = [&](const AxisLayout::Axis& axis) { return std::ranges::find(order, axis.front()); };
    std::vector<AxisLayout::Axis> pieces = map.layout.seen();
    std::ranges::sort(pieces, {}, place);
    if (Flatten(pieces) != order)
      return Unsupported("its input is moved about in a way that is not supported");
    SEGFORGE_RETURN_IF_ERROR(reshape(pieces));
  }
  const std::vector<int> seen = Flatten(map.layout.seen());
  const auto position = [&](int axis) {
    return std::ranges::find(seen, stored[static_cast<size_t>(axis)].front());
  };
  std::vector<int> permutation(stored.size());
  for (size_t i = 0; i < permutation.size(); ++i) permutation[i] = static_cast<int>(i);
  std::ranges::sort(permutation, {}, position);
  if (!std::ranges::is_sorted(permutation)) {
    SEGFORGE_ASSIGN_OR_RETURN(map.node, Add(Op::kTranspose, node, {map.node}, TransposeAttrs{permutation}));
    std::vector<AxisLayout::Axis> moved;
    moved.reserve(permutation.size());
    for (const int axis : permutation) moved.push_back(stored[static_cast<size_t>(axis)]);
    stored = std::move(moved);
  }
  SEGFORGE_RETURN_IF_ERROR(reshape(axes));
  map.layout = map.layout.StoredAs(std::move(axes));
  return map;
}

Status Translator::AddImage(const InputSize& size) {
  if (model_.inputs.size() != 1)
    return Unsupported("{} inputs: expected one, the image", model_.inputs.size());
  const OnnxValueInfo& input = model_.inputs.front();
  const std::string what = fmt::format("input \"{}\"", Printable(input.name));
  if (input.dtype && !IsFloat(*input.dtype))
    return Unsupported("{}: expected floats, got {}", what, NameOf(*input.dtype));
  const bool has_shape = input.dims && input.dims->size() == 4;
  if (!has_shape) return Unsupported("{}: expected the 4 axes of an image", what);
  const bool channels_first = (*input.dims)[1] == kColors;
  if (!channels_first && (*input.dims)[3] != kColors)
    return Unsupported("{}: expected {} channels", what, kColors);
  const NodeId image =
      graph_.AddInput("image", {DType::kF32, {Dim(size.n), Dim(size.h), Dim(size.w), Dim(kColors)}});
  const std::array<int64_t, 4> sizes = {size.n, size.h, size.w, kColors};
  AxisLayout layout = AxisLayout(sizes);
  if (channels_first) {
    SEGFORGE_ASSIGN_OR_RETURN(layout, layout.Transposed(std::array<int64_t, 4>{0, 3, 1, 2}));
  }
  values_[input.name] = MapValue{image, std::move(layout)};
  return Status();
}

Result<OnnxValue> Translator::TranslateOne(const OnnxNode& node) {
  if (!node.domain.empty())
    return Unsupported("operators of the domain \"{}\" are not supported", Printable(node.domain));
  if (node.outputs.empty()) return InvalidInput("it has no output");
  if (node.op == "Constant") {
    SEGFORGE_ASSIGN_OR_RETURN(KnownValue constant, ConstantNode(node));
    return OnnxValue(std::move(constant));
  }
  std::vector<const KnownValue*> constants;
  bool all_known = true;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    constants.push_back(ConstantInput(node, i));
    all_known = all_known && (constants.back() != nullptr || !Has(node, i));
  }
  if (all_known && !node.inputs.empty() && constants[0] != nullptr && constants[0]->view.shape.rank() <= 1) {
    SEGFORGE_ASSIGN_OR_RETURN(std::optional<KnownValue> folded, Fold(node, constants));
    if (folded) return OnnxValue(std::move(*folded));
  }
  const Translation translate = FindTranslation(node.op);
  if (translate == nullptr) return Unsupported("this operator is not one of a SegFormer's");
  return translate(*this, node);
}

Status Translator::Translate(const OnnxNode& node) {
  Result<OnnxValue> value = TranslateOne(node);
  if (!value.ok()) {
    return value.status().Within(fmt::format("node \"{}\" ({})", Printable(node.name), Printable(node.op)));
  }
  values_[node.outputs.front()] = std::move(*value);
  return Status();
}

// What follows the logits in a file that gives probabilities or labels is the work of the labels stage:
// softmax, and the resize to the image's own size.
Status Translator::SetOutput() {
  if (model_.outputs.empty()) return InvalidInput("it has no outputs");
  const OnnxValueInfo& output = model_.outputs.front();
  const auto value = values_.find(output.name);
  const std::string what = fmt::format("output \"{}\"", Printable(output.name));
  if (value == values_.end() || std::holds_alternative<KnownValue>(value->second))
    return Unsupported("{}: it is not computed from the image", what);
  const auto* labels = std::get_if<LabelMap>(&value->second);
  const auto* map = std::get_if<MapValue>(&value->second);
  if (map != nullptr && map->factor != 1) return Unsupported("{}: scaled logits are not supported", what);
  NodeId scores = labels != nullptr ? labels->scores : map->node;
  for (;;) {
    const Node& node = graph_.node(scores);
    const auto* resize = std::get_if<ResizeAttrs>(&node.attributes);
    const bool to_image =
        resize != nullptr && resize->height == Dim(size_.h) && resize->width == Dim(size_.w);
    if (node.op != Op::kSoftmax && !to_image) break;
    scores = node.inputs[0];
  }
  graph_.AddOutput("logits", scores);
  return Status();
}

Status Translator::Run(const InputSize& size) {
  size_ = size;
  for (const NamedTensor& tensor : model_.initializers)
    values_[tensor.name] = KnownValue{tensor.tensor, nullptr};
  SEGFORGE_RETURN_IF_ERROR(AddImage(size));
  for (const OnnxNode& node : model_.nodes) SEGFORGE_RETURN_IF_ERROR(Translate(node));
  return SetOutput();
}

}  // namespace segforge
