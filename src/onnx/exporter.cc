#include "onnx/exporter.h"

#include <algorithm>
#include <cmath>

#include "onnx/known_value.h"

namespace segforge {
namespace {

constexpr int64_t kFloatType = 1;    // as Cast names it
constexpr float kHalfLimit = 65520;  // from here on f16 has infinity

Export FindExport(Op op) {
  for (const auto& table : {LayerExports(), ElementwiseExports(), ArrangementExports()}) {
    const auto row = std::ranges::find(table, op, &ExportRow::op);
    if (row != table.end()) return row->write;
  }
  return nullptr;
}

bool IsStoredNarrow(const Tensor& tensor, DType weights) {
  return weights == DType::kF16 && tensor.shape().rank() >= 2;
}

Tensor ToHalf(const Tensor& tensor) {
  Tensor half(DType::kF16, tensor.shape());
  std::ranges::transform(tensor.span<float>(), static_cast<uint16_t*>(half.view().data), HalfFromFloat);
  return half;
}

}  // namespace

Exporter::Exporter(const Graph& graph, const OnnxExportOptions& options)
    : graph_(graph), options_(options), readers_(graph.Readers()) {}

std::string Exporter::UniqueName(const std::string& name) {
  std::string unique = name;
  for (int count = 2; !names_.insert(unique).second; ++count) unique = fmt::format("{}_{}", name, count);
  return unique;
}

std::string Exporter::Add(std::string_view op, const std::string& name, std::vector<std::string> inputs,
                          std::vector<OnnxAttribute> attributes) {
  std::string output = UniqueName(name);
  file_.nodes.push_back({std::string(op), "", output, std::move(inputs), {output}, std::move(attributes)});
  return output;
}

std::string Exporter::AddTensor(const std::string& name, std::shared_ptr<const Tensor> tensor) {
  std::string unique = UniqueName(name);
  file_.initializers.push_back({unique, tensor->view()});
  file_.owned.push_back(std::move(tensor));
  return unique;
}

std::string Exporter::AddWeight(const std::string& name, std::shared_ptr<const Tensor> tensor) {
  if (!IsStoredNarrow(*tensor, options_.weights)) return AddTensor(name, std::move(tensor));
  const std::string stored = AddTensor(name, std::make_shared<const Tensor>(ToHalf(*tensor)));
  return Add("Cast", stored + ".f32", {stored}, {{"to", kFloatType}});
}

std::string Exporter::AddConstant(NodeId constant) {
  const Node& node = graph_.node(constant);
  return AddWeight(node.name, node.constant);
}

std::string Exporter::Scalar(const std::string& name, float value) {
  std::string& shared = shared_[name];
  if (shared.empty()) {
    Tensor tensor = Tensor::From<float>({}, std::span(&value, 1));
    shared = AddTensor(name, std::make_shared<const Tensor>(std::move(tensor)));
  }
  return shared;
}

std::string Exporter::Numbers(const std::vector<int64_t>& values) {
  std::string name = "sizes";
  for (const int64_t value : values) name += fmt::format("_{}", value);
  std::string& shared = shared_[name];
  if (shared.empty()) {
    Tensor tensor = Tensor::From<int64_t>({static_cast<int64_t>(values.size())}, std::span(values));
    shared = AddTensor(name, std::make_shared<const Tensor>(std::move(tensor)));
  }
  return shared;
}

bool Exporter::IsReadTransposed(NodeId value) const {
  const std::vector<NodeId>& readers = readers_[static_cast<size_t>(value)];
  if (graph_.node(value).op != Op::kTranspose || readers.size() != 1) return false;
  const Node& reader = graph_.node(readers[0]);
  return reader.op == Op::kMatMul && reader.as<MatMulAttrs>().transpose_b && reader.inputs[1] == value;
}

Status Exporter::CheckWeights() const {
  for (const NodeId id : graph_.LiveNodes()) {
    const Node& node = graph_.node(id);
    if (node.op != Op::kConstant || !IsStoredNarrow(*node.constant, options_.weights)) continue;
    for (const float value : node.constant->span<float>()) {
      if (!(std::abs(value) < kHalfLimit))
        return InvalidInput("weight \"{}\": {} is too large for float16", node.name, value);
    }
  }
  return Status();
}

void Exporter::Set(NodeId value, const ExportedValue& exported) {
  values_[value] = {exported.form, {{exported.form, exported.name}}};
  if (exported.form != Form::kMap) return;
  const DimShape& shape = graph_.node(value).type.shape;
  map_of_size_.try_emplace(ToString(DimShape{shape[1], shape[2]}), exported.name);
}

OnnxValueInfo Exporter::InfoOf(const std::string& name, DType dtype, const std::vector<Dim>& shape,
                               const std::vector<std::string>& names) const {
  OnnxValueInfo info = {name, dtype, std::vector<int64_t>()};
  bool is_free = false;
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    const std::optional<int64_t> size = Known(shape[axis]);
    info.dims->push_back(size.value_or(kFreeDim));
    info.dim_names.push_back(size ? "" : names[axis]);
    is_free = is_free || !size;
  }
  if (!is_free) info.dim_names.clear();
  return info;
}

void Exporter::AddImage(const Node& input, NodeId id) {
  const DimShape& shape = input.type.shape;
  const std::string name = UniqueName(input.name);
  Set(id, {Form::kMap, name});
  file_.inputs.push_back(
      InfoOf(name, DType::kF32, {shape[0], shape[3], shape[1], shape[2]}, {"batch", "", "height", "width"}));
}

Status Exporter::ExportNode(NodeId id) {
  const Node& node = graph_.node(id);
  if (node.op == Op::kConstant) return Status();  // added where it is read
  if (node.op == Op::kInput) {
    AddImage(node, id);
    return Status();
  }
  const Export write = FindExport(node.op);
  if (write == nullptr)
    return Unsupported("{} \"{}\": there is no such operation in ONNX", NameOf(node.op), node.name);
  current_ = id;
  Set(id, write(*this, node));
  return Status();
}

void Exporter::AddOutput() {
  const GraphOutput& output = graph_.outputs().front();
  const DimShape& shape = graph_.node(output.value).type.shape;
  if (options_.output == OnnxOutput::kLabels) {
    const std::string scores = Resized("labels.resize", output.value, Dim::H(), Dim::W());
    const std::string labels =
        Add("ArgMax", "labels", {scores}, {{"axis", int64_t{1}}, {"keepdims", int64_t{1}}});
    file_.outputs.push_back(
        InfoOf(labels, DType::kI64, {shape[0], 1, Dim::H(), Dim::W()}, {"batch", "", "height", "width"}));
    return;
  }
  const std::string made = As(Form::kMap, output.value);
  const std::string name = UniqueName(output.name);
  for (OnnxNode& node : file_.nodes) {
    std::ranges::replace(node.inputs, made, name);
    std::ranges::replace(node.outputs, made, name);
  }
  file_.outputs.push_back(InfoOf(name, DType::kF32, {shape[0], shape[3], shape[1], shape[2]},
                                 {"batch", "", "logits_height", "logits_width"}));
}

Result<OnnxFile> Exporter::Run() {
  SEGFORGE_RETURN_IF_ERROR(CheckWeights());
  file_.opset = options_.opset;
  file_.ir_version = IrVersionOf(options_.opset);
  for (const NodeId id : graph_.LiveNodes()) SEGFORGE_RETURN_IF_ERROR(ExportNode(id));
  AddOutput();
  return std::move(file_);
}

Result<OnnxFile> ExportGraph(const Graph& graph, const OnnxExportOptions& options) {
  if (options.opset < kMinOpset || options.opset > kMaxOpset)
    return Unsupported("opset {}: expected {} to {}", options.opset, kMinOpset, kMaxOpset);
  return Exporter(graph, options).Run();
}

}  // namespace segforge
