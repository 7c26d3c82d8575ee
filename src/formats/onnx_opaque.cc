#include "formats/onnx_opaque.h"

#include <algorithm>
#include <unordered_set>

namespace segforge {
namespace {

using Names = std::unordered_set<std::string>;

Status CheckOwnData(const onnx::TensorProto& tensor) {
  if (tensor.data_location() != onnx::TensorProto::EXTERNAL) return Status();
  return Unsupported("external data in a nested graph, or of an unknown element type, is not supported");
}

Status CheckOwnData(const onnx::SparseTensorProto& tensor) {
  SEGFORGE_RETURN_IF_ERROR(CheckOwnData(tensor.values()));
  return CheckOwnData(tensor.indices());
}

Names MadeIn(const onnx::GraphProto& graph) {
  Names made;
  for (const auto& input : graph.input()) made.insert(input.name());
  for (const auto& tensor : graph.initializer()) made.insert(tensor.name());
  for (const auto& tensor : graph.sparse_initializer()) made.insert(tensor.values().name());
  for (const auto& node : graph.node()) made.insert(node.output().begin(), node.output().end());
  return made;
}

Status CollectReads(const onnx::AttributeProto& proto, Names& reads);

Status CollectReads(const onnx::GraphProto& graph, Names& reads) {
  Names inside;
  for (const auto& tensor : graph.initializer()) SEGFORGE_RETURN_IF_ERROR(CheckOwnData(tensor));
  for (const auto& tensor : graph.sparse_initializer()) SEGFORGE_RETURN_IF_ERROR(CheckOwnData(tensor));
  for (const auto& node : graph.node()) {
    inside.insert(node.input().begin(), node.input().end());
    for (const auto& attribute : node.attribute()) SEGFORGE_RETURN_IF_ERROR(CollectReads(attribute, inside));
  }
  for (const auto& output : graph.output()) inside.insert(output.name());
  const Names made = MadeIn(graph);
  std::ranges::copy_if(inside, std::inserter(reads, reads.end()),
                       [&](const std::string& name) { return !name.empty() && !made.contains(name); });
  return Status();
}

Status CollectReads(const onnx::AttributeProto& proto, Names& reads) {
  SEGFORGE_RETURN_IF_ERROR(CheckOwnData(proto.t()));
  SEGFORGE_RETURN_IF_ERROR(CheckOwnData(proto.sparse_tensor()));
  for (const auto& tensor : proto.tensors()) SEGFORGE_RETURN_IF_ERROR(CheckOwnData(tensor));
  for (const auto& tensor : proto.sparse_tensors()) SEGFORGE_RETURN_IF_ERROR(CheckOwnData(tensor));
  if (proto.has_g()) SEGFORGE_RETURN_IF_ERROR(CollectReads(proto.g(), reads));
  for (const auto& graph : proto.graphs()) SEGFORGE_RETURN_IF_ERROR(CollectReads(graph, reads));
  return Status();
}

}  // namespace

Result<OnnxOpaque> OpaqueAttribute(const onnx::AttributeProto& proto) {
  Names reads;
  SEGFORGE_RETURN_IF_ERROR(CollectReads(proto, reads));
  OnnxOpaque opaque = {proto.SerializeAsString(), {reads.begin(), reads.end()}};
  std::ranges::sort(opaque.reads);
  return opaque;
}

Result<OnnxOpaque> OpaqueTensor(const onnx::TensorProto& proto) {
  SEGFORGE_RETURN_IF_ERROR(CheckOwnData(proto));
  return OnnxOpaque{proto.SerializeAsString(), {}};
}

Result<OnnxOpaque> OpaqueTensor(const onnx::SparseTensorProto& proto) {
  SEGFORGE_RETURN_IF_ERROR(CheckOwnData(proto));
  return OnnxOpaque{proto.SerializeAsString(), {}};
}

std::string RestOf(const onnx::NodeProto& proto) {
  onnx::NodeProto rest;
  if (proto.has_doc_string()) rest.set_doc_string(proto.doc_string());
  rest.mutable_unknown_fields()->assign(proto.unknown_fields());
  return rest.SerializeAsString();
}

std::string RestOf(const onnx::ModelProto& proto) {
  onnx::ModelProto rest;
  rest.mutable_unknown_fields()->assign(proto.unknown_fields());
  if (proto.has_producer_name()) rest.set_producer_name(proto.producer_name());
  if (proto.has_producer_version()) rest.set_producer_version(proto.producer_version());
  if (proto.has_domain()) rest.set_domain(proto.domain());
  if (proto.has_model_version()) rest.set_model_version(proto.model_version());
  if (proto.has_doc_string()) rest.set_doc_string(proto.doc_string());
  *rest.mutable_functions() = proto.functions();
  onnx::GraphProto& graph = *rest.mutable_graph();
  if (proto.graph().has_name()) graph.set_name(proto.graph().name());
  if (proto.graph().has_doc_string()) graph.set_doc_string(proto.graph().doc_string());
  *graph.mutable_quantization_annotation() = proto.graph().quantization_annotation();
  graph.mutable_unknown_fields()->assign(proto.graph().unknown_fields());
  return rest.SerializeAsString();
}

}  // namespace segforge
