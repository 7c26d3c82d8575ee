#include "formats/onnx.h"

#include <unordered_set>

#include "base/memory.h"
#include "formats/onnx_opaque.h"
#include "formats/onnx_scan.h"
#include "formats/onnx_tensor.h"
#include "formats/printable.h"

namespace segforge {
namespace {

using onnx::TensorProto;
using Names = std::unordered_set<std::string>;

bool IsOwnDomain(const std::string& domain) { return domain.empty() || domain == "ai.onnx"; }

Status ReadOpsets(const onnx::ModelProto& proto, OnnxFile& model) {
  for (const auto& set : proto.opset_import()) {
    if (IsOwnDomain(set.domain())) {
      model.opset = set.version();
    } else {
      model.other_opsets.emplace_back(set.domain(), set.version());
    }
  }
  return model.opset > 0 ? Status() : InvalidInput("not an ONNX file: it names no operator set");
}

bool IsKnownType(const TensorProto& proto) { return OnnxDType(proto.data_type()).ok(); }

Result<OnnxAttribute> ReadOpaque(const onnx::AttributeProto& proto) {
  SEGFORGE_ASSIGN_OR_RETURN(OnnxOpaque opaque, OpaqueAttribute(proto));
  return OnnxAttribute{proto.name(), std::move(opaque)};
}

Result<OnnxAttribute> ReadAttribute(const onnx::AttributeProto& proto, OnnxStorage& storage) {
  using Type = onnx::AttributeProto;
  switch (proto.type()) {
    case Type::INT:
      return OnnxAttribute{proto.name(), proto.i()};
    case Type::FLOAT:
      return OnnxAttribute{proto.name(), proto.f()};
    case Type::STRING:
      return OnnxAttribute{proto.name(), proto.s()};
    case Type::INTS:
      return OnnxAttribute{proto.name(), std::vector<int64_t>(proto.ints().begin(), proto.ints().end())};
    case Type::FLOATS:
      return OnnxAttribute{proto.name(), std::vector<float>(proto.floats().begin(), proto.floats().end())};
    case Type::STRINGS:
      return OnnxAttribute{proto.name(),
                           std::vector<std::string>(proto.strings().begin(), proto.strings().end())};
    case Type::TENSOR: {
      if (!IsKnownType(proto.t())) return ReadOpaque(proto);
      SEGFORGE_ASSIGN_OR_RETURN(const ConstTensorView tensor, ReadOnnxTensor(proto.t(), storage));
      return OnnxAttribute{proto.name(), tensor};
    }
    default:
      return ReadOpaque(proto);
  }
}

Status CheckReads(const std::vector<std::string>& names, const Names& known) {
  for (const std::string& name : names) {
    if (!name.empty() && !known.contains(name))
      return InvalidInput("reads \"{}\", which nothing before it makes", Printable(name));
  }
  return Status();
}

// An input may be left out (""), but what is there must have been made by then: this also rules out cycles.
Result<OnnxNode> ReadNode(const onnx::NodeProto& proto, Names& known, OnnxStorage& storage) {
  OnnxNode node = {proto.op_type(),
                   IsOwnDomain(proto.domain()) ? "" : proto.domain(),
                   proto.name(),
                   {proto.input().begin(), proto.input().end()},
                   {proto.output().begin(), proto.output().end()},
                   {},
                   RestOf(proto)};
  SEGFORGE_RETURN_IF_ERROR(CheckReads(node.inputs, known));
  for (const auto& attribute : proto.attribute()) {
    Result<OnnxAttribute> read = ReadAttribute(attribute, storage);
    if (!read.ok()) return read.status().Within(fmt::format("attribute \"{}\"", Printable(attribute.name())));
    if (const auto* opaque = std::get_if<OnnxOpaque>(&read->value))
      SEGFORGE_RETURN_IF_ERROR(CheckReads(opaque->reads, known));
    node.attributes.push_back(std::move(*read));
  }
  for (const std::string& output : node.outputs) {
    if (!output.empty() && !known.insert(output).second)
      return InvalidInput("makes \"{}\", which is there already", Printable(output));
  }
  return node;
}

OnnxValueInfo ReadValueInfo(const onnx::ValueInfoProto& proto) {
  OnnxValueInfo info = {proto.name(), {}, {}};
  const auto& type = proto.type().tensor_type();
  const Result<DType> dtype = OnnxDType(type.elem_type());
  if (proto.has_type() && (!proto.type().has_tensor_type() || (type.elem_type() != 0 && !dtype.ok()))) {
    info.opaque = proto.SerializeAsString();
    return info;
  }
  if (dtype.ok()) info.dtype = *dtype;
  if (!type.has_shape()) return info;
  info.dims.emplace();
  bool has_names = false;
  for (const auto& dim : type.shape().dim()) {
    const bool is_known = dim.has_dim_value() && dim.dim_value() > 0;
    info.dims->push_back(is_known ? dim.dim_value() : kFreeDim);
    info.dim_names.push_back(dim.dim_param());
    has_names = has_names || !dim.dim_param().empty();
  }
  if (!has_names) info.dim_names.clear();
  return info;
}

Status ReadInitializer(const TensorProto& proto, OnnxStorage& storage, OnnxFile& model) {
  if (!IsKnownType(proto)) {
    SEGFORGE_ASSIGN_OR_RETURN(OnnxOpaque opaque, OpaqueTensor(proto));
    model.other_initializers.emplace_back(proto.name(), std::move(opaque));
    return Status();
  }
  SEGFORGE_ASSIGN_OR_RETURN(const ConstTensorView tensor, ReadOnnxTensor(proto, storage));
  model.initializers.push_back({proto.name(), tensor});
  return Status();
}

Status CheckInitializerName(const std::string& name, Names& known) {
  if (!IsPlainName(name)) return InvalidInput("that is no name");
  if (!known.insert(name).second) return InvalidInput("it is there twice");
  return Status();
}

Status ReadInitializers(const onnx::GraphProto& graph, Names& known, OnnxStorage& storage, OnnxFile& model) {
  for (const auto& proto : graph.initializer()) {
    Status status = CheckInitializerName(proto.name(), known);
    if (status.ok()) status = ReadInitializer(proto, storage, model);
    if (!status.ok()) return status.Within(fmt::format("initializer \"{}\"", Printable(proto.name())));
  }
  for (const auto& proto : graph.sparse_initializer()) {
    const std::string& name = proto.values().name();
    Status status = CheckInitializerName(name, known);
    if (!status.ok()) return status.Within(fmt::format("sparse initializer \"{}\"", Printable(name)));
    SEGFORGE_ASSIGN_OR_RETURN(OnnxOpaque opaque, OpaqueTensor(proto));
    model.other_initializers.emplace_back(name, std::move(opaque));
  }
  return Status();
}

// Files of the first versions list initializers as inputs too.
void ReadInputs(const onnx::GraphProto& graph, Names& known, OnnxFile& model) {
  for (const auto& proto : graph.input()) {
    if (known.insert(proto.name()).second) model.inputs.push_back(ReadValueInfo(proto));
  }
}

Status ReadOutputs(const onnx::GraphProto& graph, const Names& known, OnnxFile& model) {
  for (const auto& proto : graph.output()) {
    if (!known.contains(proto.name()))
      return InvalidInput("output \"{}\": nothing makes it", Printable(proto.name()));
    model.outputs.push_back(ReadValueInfo(proto));
  }
  return Status();
}

Result<OnnxFile> ReadModel(const onnx::ModelProto& proto, const std::filesystem::path& folder) {
  OnnxFile model;
  SEGFORGE_RETURN_IF_ERROR(ReadOpsets(proto, model));
  model.ir_version = proto.ir_version();
  OnnxStorage storage = {folder, {}};
  Names known;
  SEGFORGE_RETURN_IF_ERROR(ReadInitializers(proto.graph(), known, storage, model));
  ReadInputs(proto.graph(), known, model);
  for (const auto& node : proto.graph().node()) {
    Result<OnnxNode> read = ReadNode(node, known, storage);
    if (!read.ok()) {
      return read.status().Within(
          fmt::format("node \"{}\" ({})", Printable(node.name()), Printable(node.op_type())));
    }
    model.nodes.push_back(std::move(*read));
  }
  SEGFORGE_RETURN_IF_ERROR(ReadOutputs(proto.graph(), known, model));
  for (const auto& info : proto.graph().value_info()) model.values.push_back(ReadValueInfo(info));
  for (const auto& entry : proto.metadata_props()) model.metadata.emplace_back(entry.key(), entry.value());
  model.rest = RestOf(proto);
  model.owned = std::move(storage.owned);
  return model;
}

}  // namespace

Result<OnnxFile> OnnxFromBytes(const SharedBytes& source, const std::filesystem::path& folder) {
  if (source.bytes.size() > INT32_MAX)
    return Unsupported("{} bytes: an ONNX file has at most 2 GiB", source.bytes.size());
  SEGFORGE_ASSIGN_OR_RETURN(const int64_t bytes, ScanOnnx(source.bytes));
  SEGFORGE_RETURN_IF_ERROR(CheckMemory(2 * bytes, "the parsed file"));
  const auto proto = std::make_shared<onnx::ModelProto>();
  if (!proto->ParseFromArray(source.bytes.data(), static_cast<int>(source.bytes.size())))
    return InvalidInput("not an ONNX file, or a damaged one");
  SEGFORGE_ASSIGN_OR_RETURN(OnnxFile model, ReadModel(*proto, folder));
  model.owned.push_back(proto);
  return model;
}

Result<OnnxFile> OpenOnnx(const std::filesystem::path& path) {
  auto file = MappedFile::Open(path);
  if (!file.ok()) return file.status().Within(path.string());
  const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  auto model = OnnxFromBytes({file->bytes(), nullptr}, folder);
  if (!model.ok()) return model.status().Within(path.string());
  return model;
}

}  // namespace segforge
