#include "formats/onnx.h"

#include <unordered_set>

#include "base/memory.h"
#include "formats/onnx_scan.h"
#include "formats/onnx_tensor.h"
#include "formats/printable.h"

namespace segforge {
namespace {

constexpr int64_t kMinOpset = 11;
constexpr int64_t kMaxOpset = 22;

using Names = std::unordered_set<std::string>;

Result<int64_t> ReadOpset(const onnx::ModelProto& proto) {
  for (const auto& set : proto.opset_import()) {
    if (!set.domain().empty() && set.domain() != "ai.onnx") continue;
    if (set.version() >= kMinOpset && set.version() <= kMaxOpset) return set.version();
    return Unsupported("opset {}: expected {} to {}", set.version(), kMinOpset, kMaxOpset);
  }
  return InvalidInput("not an ONNX file: it names no operator set");
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
      SEGFORGE_ASSIGN_OR_RETURN(const ConstTensorView tensor, ReadOnnxTensor(proto.t(), storage));
      return OnnxAttribute{proto.name(), tensor};
    }
    default:
      return Unsupported("attributes of type {} are not supported", static_cast<int>(proto.type()));
  }
}

// An input may be left out (""), but what is there must have been made by then: this also rules out cycles.
Result<OnnxNode> ReadNode(const onnx::NodeProto& proto, Names& known, OnnxStorage& storage) {
  OnnxNode node = {proto.op_type(),
                   proto.domain() == "ai.onnx" ? "" : proto.domain(),
                   proto.name(),
                   {proto.input().begin(), proto.input().end()},
                   {proto.output().begin(), proto.output().end()},
                   {}};
  for (const std::string& input : node.inputs) {
    if (!input.empty() && !known.contains(input))
      return InvalidInput("reads \"{}\", which nothing before it makes", Printable(input));
  }
  for (const auto& attribute : proto.attribute()) {
    Result<OnnxAttribute> read = ReadAttribute(attribute, storage);
    if (!read.ok()) return read.status().Within(fmt::format("attribute \"{}\"", Printable(attribute.name())));
    node.attributes.push_back(std::move(*read));
  }
  for (const std::string& output : node.outputs) {
    if (!output.empty() && !known.insert(output).second)
      return InvalidInput("makes \"{}\", which is there already", Printable(output));
  }
  return node;
}

Result<OnnxValueInfo> ReadValueInfo(const onnx::ValueInfoProto& proto) {
  OnnxValueInfo info = {proto.name(), {}, {}};
  if (!proto.type().has_tensor_type()) return info;
  const auto& type = proto.type().tensor_type();
  if (type.elem_type() != 0) {
    SEGFORGE_ASSIGN_OR_RETURN(info.dtype, OnnxDType(type.elem_type()));
  }
  if (!type.has_shape()) return info;
  info.dims.emplace();
  for (const auto& dim : type.shape().dim()) {
    const bool is_known = dim.has_dim_value() && dim.dim_value() > 0;
    info.dims->push_back(is_known ? dim.dim_value() : kFreeDim);
  }
  return info;
}

Status ReadInitializers(const onnx::GraphProto& graph, Names& known, OnnxStorage& storage, OnnxFile& model) {
  if (graph.sparse_initializer_size() > 0) return Unsupported("sparse initializers are not supported");
  for (const auto& proto : graph.initializer()) {
    const std::string what = fmt::format("initializer \"{}\"", Printable(proto.name()));
    if (!IsPlainName(proto.name())) return InvalidInput("{}: that is no name", what);
    if (!known.insert(proto.name()).second) return InvalidInput("{}: it is there twice", what);
    Result<ConstTensorView> tensor = ReadOnnxTensor(proto, storage);
    if (!tensor.ok()) return tensor.status().Within(what);
    model.initializers.push_back({proto.name(), *tensor});
  }
  return Status();
}

// Files of the first versions list initializers as inputs too.
Status ReadInputs(const onnx::GraphProto& graph, Names& known, OnnxFile& model) {
  for (const auto& proto : graph.input()) {
    if (!known.insert(proto.name()).second) continue;
    Result<OnnxValueInfo> info = ReadValueInfo(proto);
    if (!info.ok()) return info.status().Within(fmt::format("input \"{}\"", Printable(proto.name())));
    model.inputs.push_back(std::move(*info));
  }
  return Status();
}

Status ReadOutputs(const onnx::GraphProto& graph, const Names& known, OnnxFile& model) {
  for (const auto& proto : graph.output()) {
    const std::string what = fmt::format("output \"{}\"", Printable(proto.name()));
    if (!known.contains(proto.name())) return InvalidInput("{}: nothing makes it", what);
    Result<OnnxValueInfo> info = ReadValueInfo(proto);
    if (!info.ok()) return info.status().Within(what);
    model.outputs.push_back(std::move(*info));
  }
  return Status();
}

Result<OnnxFile> ReadModel(const onnx::ModelProto& proto, const std::filesystem::path& folder) {
  OnnxFile model;
  SEGFORGE_ASSIGN_OR_RETURN(model.opset, ReadOpset(proto));
  OnnxStorage storage = {folder, {}};
  Names known;
  SEGFORGE_RETURN_IF_ERROR(ReadInitializers(proto.graph(), known, storage, model));
  SEGFORGE_RETURN_IF_ERROR(ReadInputs(proto.graph(), known, model));
  for (const auto& node : proto.graph().node()) {
    Result<OnnxNode> read = ReadNode(node, known, storage);
    if (!read.ok()) {
      return read.status().Within(
          fmt::format("node \"{}\" ({})", Printable(node.name()), Printable(node.op_type())));
    }
    model.nodes.push_back(std::move(*read));
  }
  SEGFORGE_RETURN_IF_ERROR(ReadOutputs(proto.graph(), known, model));
  for (const auto& entry : proto.metadata_props()) model.metadata.emplace_back(entry.key(), entry.value());
  model.owned = std::move(storage.owned);
  return model;
}

}  // namespace

Result<OnnxFile> OnnxFromBytes(const SharedBytes& source, const std::filesystem::path& folder) {
  if (source.bytes.size() > INT32_MAX)
    return Unsupported("{} bytes: an ONNX file has at most 2 GiB", source.bytes.size());
  SEGFORGE_ASSIGN_OR_RETURN(const int64_t bytes, ScanOnnx(source.bytes));
  SEGFORGE_RETURN_IF_ERROR(CheckMemory(bytes, "the parsed file"));
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
