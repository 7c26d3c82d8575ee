#include "formats/onnx_write.h"

#include "base/memory.h"
#include "formats/onnx_tensor.h"

namespace segforge {
namespace {

using onnx::AttributeProto;
using onnx::TensorProto;

// Bytes that a reader, or our own code, made from a message of that type.
template <typename Proto>
void ParseOwn(const std::string& bytes, Proto& proto) {
  SEGFORGE_CHECK(proto.ParseFromString(bytes));
}

void WriteTensor(const ConstTensorView& tensor, TensorProto& proto) {
  for (const int64_t dim : tensor.shape.dims()) proto.add_dims(dim);
  proto.set_data_type(OnnxNumberOf(tensor.dtype));
  proto.set_raw_data(tensor.data, tensor.bytes());
}

// Gives an attribute the type and the field of a value.
struct ValueWriter {
  AttributeProto& proto;

  void operator()(int64_t value) const {
    proto.set_type(AttributeProto::INT);
    proto.set_i(value);
  }
  void operator()(float value) const {
    proto.set_type(AttributeProto::FLOAT);
    proto.set_f(value);
  }
  void operator()(const std::string& value) const {
    proto.set_type(AttributeProto::STRING);
    proto.set_s(value);
  }
  void operator()(const ConstTensorView& value) const {
    proto.set_type(AttributeProto::TENSOR);
    WriteTensor(value, *proto.mutable_t());
  }
  void operator()(const std::vector<int64_t>& values) const {
    proto.set_type(AttributeProto::INTS);
    proto.mutable_ints()->Add(values.begin(), values.end());
  }
  void operator()(const std::vector<float>& values) const {
    proto.set_type(AttributeProto::FLOATS);
    proto.mutable_floats()->Add(values.begin(), values.end());
  }
  void operator()(const std::vector<std::string>& values) const {
    proto.set_type(AttributeProto::STRINGS);
    proto.mutable_strings()->Add(values.begin(), values.end());
  }
  void operator()(const OnnxOpaque& value) const { ParseOwn(value.bytes, proto); }
};

void WriteNode(const OnnxNode& node, onnx::NodeProto& proto) {
  ParseOwn(node.rest, proto);
  proto.mutable_input()->Add(node.inputs.begin(), node.inputs.end());
  proto.mutable_output()->Add(node.outputs.begin(), node.outputs.end());
  if (!node.name.empty()) proto.set_name(node.name);
  proto.set_op_type(node.op);
  if (!node.domain.empty()) proto.set_domain(node.domain);
  for (const OnnxAttribute& attribute : node.attributes) {
    AttributeProto& written = *proto.add_attribute();
    written.set_name(attribute.name);
    std::visit(ValueWriter{written}, attribute.value);
  }
}

void WriteValueInfo(const OnnxValueInfo& info, onnx::ValueInfoProto& proto) {
  if (!info.opaque.empty()) return ParseOwn(info.opaque, proto);
  proto.set_name(info.name);
  if (!info.dtype && !info.dims) return;
  auto& type = *proto.mutable_type()->mutable_tensor_type();
  if (info.dtype) type.set_elem_type(OnnxNumberOf(*info.dtype));
  if (!info.dims) return;
  auto& shape = *type.mutable_shape();
  for (size_t axis = 0; axis < info.dims->size(); ++axis) {
    auto& dim = *shape.add_dim();
    if ((*info.dims)[axis] != kFreeDim) {
      dim.set_dim_value((*info.dims)[axis]);
    } else if (axis < info.dim_names.size() && !info.dim_names[axis].empty()) {
      dim.set_dim_param(info.dim_names[axis]);
    }
  }
}

// Which of the two kinds it is, the name tells: a sparse tensor's is one level deeper.
void WriteOpaqueInitializer(const std::string& name, const OnnxOpaque& opaque, onnx::GraphProto& graph) {
  TensorProto dense;
  if (dense.ParseFromString(opaque.bytes) && dense.name() == name) {
    *graph.add_initializer() = std::move(dense);
  } else {
    ParseOwn(opaque.bytes, *graph.add_sparse_initializer());
  }
}

void WriteGraph(const OnnxFile& model, onnx::GraphProto& graph) {
  for (const OnnxNode& node : model.nodes) WriteNode(node, *graph.add_node());
  for (const NamedTensor& each : model.initializers) {
    TensorProto& tensor = *graph.add_initializer();
    tensor.set_name(each.name);
    WriteTensor(each.tensor, tensor);
  }
  for (const auto& [name, opaque] : model.other_initializers) WriteOpaqueInitializer(name, opaque, graph);
  for (const OnnxValueInfo& info : model.inputs) WriteValueInfo(info, *graph.add_input());
  for (const OnnxValueInfo& info : model.outputs) WriteValueInfo(info, *graph.add_output());
  for (const OnnxValueInfo& info : model.values) WriteValueInfo(info, *graph.add_value_info());
}

void WriteOpset(const std::string& domain, int64_t version, onnx::ModelProto& proto) {
  auto& set = *proto.add_opset_import();
  set.set_domain(domain);
  set.set_version(version);
}

onnx::ModelProto ToProto(const OnnxFile& model) {
  onnx::ModelProto proto;
  ParseOwn(model.rest, proto);
  proto.set_ir_version(model.ir_version);
  WriteOpset("", model.opset, proto);
  for (const auto& [domain, version] : model.other_opsets) WriteOpset(domain, version, proto);
  WriteGraph(model, *proto.mutable_graph());
  for (const auto& [key, value] : model.metadata) {
    auto& entry = *proto.add_metadata_props();
    entry.set_key(key);
    entry.set_value(value);
  }
  return proto;
}

size_t BytesOfTensors(const OnnxFile& model) {
  size_t bytes = 0;
  for (const NamedTensor& each : model.initializers) bytes += each.tensor.bytes();
  for (const auto& [name, opaque] : model.other_initializers) bytes += opaque.bytes.size();
  for (const OnnxNode& node : model.nodes) {
    for (const OnnxAttribute& attribute : node.attributes) {
      if (const auto* tensor = std::get_if<ConstTensorView>(&attribute.value)) bytes += tensor->bytes();
      if (const auto* opaque = std::get_if<OnnxOpaque>(&attribute.value)) bytes += opaque->bytes.size();
    }
  }
  return bytes;
}

Status CheckSize(size_t bytes) {
  if (bytes < INT32_MAX) return Status();
  return Unsupported("{} bytes: an ONNX file has less than 2 GiB", bytes);
}

}  // namespace

Result<std::string> OnnxToBytes(const OnnxFile& model) {
  const size_t tensors = BytesOfTensors(model);
  SEGFORGE_RETURN_IF_ERROR(CheckSize(tensors));
  SEGFORGE_RETURN_IF_ERROR(CheckMemory(2 * static_cast<int64_t>(tensors), "the ONNX file"));
  const onnx::ModelProto proto = ToProto(model);
  SEGFORGE_RETURN_IF_ERROR(CheckSize(proto.ByteSizeLong()));
  return proto.SerializeAsString();
}

std::string OnnxRest(const std::string& producer, const std::string& producer_version,
                     const std::string& graph_name) {
  onnx::ModelProto rest;
  rest.set_producer_name(producer);
  rest.set_producer_version(producer_version);
  rest.mutable_graph()->set_name(graph_name);
  return rest.SerializeAsString();
}

}  // namespace segforge
