// Between a graph and the file that it is of.
#include <algorithm>
#include <unordered_map>

#include "onnx/simplify/graph.h"

namespace segforge::simplify {
namespace {

Type TypeSaid(const OnnxValueInfo& info) {
  Type type = {info.dtype, std::nullopt};
  if (!info.dims) return type;
  type.dims.emplace();
  for (size_t i = 0; i < info.dims->size(); ++i) {
    const bool is_named = i < info.dim_names.size() && !info.dim_names[i].empty();
    if ((*info.dims)[i] != kFreeDim) {
      type.dims->emplace_back((*info.dims)[i]);
    } else {
      type.dims->push_back(is_named ? Size::Named(info.dim_names[i]) : Size::Unknown(info.name, i));
    }
  }
  return type;
}

OnnxValueInfo InfoOf(const Value& value) {
  OnnxValueInfo info = {value.name, value.type.dtype, std::nullopt};
  if (!value.type.dims) return info;
  info.dims.emplace();
  bool has_names = false;
  for (const Size& size : *value.type.dims) {
    info.dims->push_back(size.is_known() && size.value() > 0 ? size.value() : kFreeDim);
    info.dim_names.push_back(size.name().value_or(""));
    has_names = has_names || size.name();
  }
  if (!has_names) info.dim_names.clear();
  return info;
}

// An interface's own words stay where they say more than what was inferred.
OnnxValueInfo InterfaceInfo(const Value& value, const OnnxValueInfo& said) {
  if (!said.opaque.empty() || !value.type.dims) return said;
  OnnxValueInfo info = InfoOf(value);
  if (!said.dims || said.dims->size() != info.dims->size()) return info;
  info.dim_names.resize(info.dims->size());
  for (size_t i = 0; i < info.dims->size(); ++i) {
    if ((*info.dims)[i] == kFreeDim && i < said.dim_names.size() && !said.dim_names[i].empty())
      info.dim_names[i] = said.dim_names[i];
  }
  return info;
}

}  // namespace

Graph::Graph(OnnxFile file) {
  for (const OnnxValueInfo& info : file.inputs) {
    inputs_.push_back(AddValue(info.name));
    value(inputs_.back()).is_input = true;
  }
  for (const NamedTensor& tensor : file.initializers) {
    MakeConstant(AddValue(tensor.name), KnownValue{tensor.tensor, nullptr});
  }
  for (const auto& [name, opaque] : file.other_initializers) value(AddValue(name)).is_opaque = true;
  ReadNodes(file);
  file.initializers.clear();
  file.nodes.clear();
  file_ = std::move(file);
}

void Graph::ReadNodes(OnnxFile& file) {
  std::unordered_map<std::string, ValueId> by_name;
  for (size_t i = 0; i < values_.size(); ++i) by_name[values_[i].name] = static_cast<ValueId>(i);
  const auto find = [&](const std::string& name) { return name.empty() ? kNone : by_name.at(name); };
  for (OnnxNode& read : file.nodes) {
    const auto id = static_cast<NodeId>(nodes_.size());
    Node added;
    for (const std::string& name : read.inputs) added.inputs.push_back(find(name));
    for (const OnnxAttribute& attribute : read.attributes) {
      const auto* opaque = std::get_if<OnnxOpaque>(&attribute.value);
      if (opaque == nullptr) continue;
      for (const std::string& name : opaque->reads) added.captured.push_back(find(name));
    }
    for (const std::string& name : read.outputs) {
      added.outputs.push_back(name.empty() ? kNone : AddValue(name));
      if (name.empty()) continue;
      by_name[name] = added.outputs.back();
      value(added.outputs.back()).producer = id;
    }
    for (const ValueId input : added.inputs) {
      if (input != kNone) value(input).readers.push_back(id);
    }
    for (const ValueId input : added.captured) {
      value(input).readers.push_back(id);
      value(input).is_captured = true;
    }
    read.inputs.clear();
    read.outputs.clear();
    added.spec = std::move(read);
    nodes_.push_back(std::move(added));
  }
  for (const auto* infos : {&file.inputs, &file.values, &file.outputs}) {
    for (const OnnxValueInfo& info : *infos) {
      const auto found = by_name.find(info.name);
      if (found != by_name.end()) value(found->second).said = TypeSaid(info);
    }
  }
  for (const OnnxValueInfo& info : file.outputs) {
    outputs_.push_back(by_name.at(info.name));
    value(outputs_.back()).is_output = true;
  }
}

OnnxFile Graph::ToFile() const {
  OnnxFile file = file_;
  file.values.clear();
  const auto name_of = [&](ValueId id) { return id == kNone ? std::string() : value(id).name; };
  for (const NodeId id : Order()) {
    const Node& from = node(id);
    file.nodes.push_back(from.spec);
    for (const ValueId input : from.inputs) file.nodes.back().inputs.push_back(name_of(input));
    for (const ValueId output : from.outputs) file.nodes.back().outputs.push_back(name_of(output));
    for (const ValueId output : from.outputs) {
      if (output == kNone || value(output).is_output || !value(output).type.dtype) continue;
      if (value(output).type.dims) file.values.push_back(InfoOf(value(output)));
    }
  }
  for (const Value& each : values_) {
    if (!each.is_constant() || (each.readers.empty() && !each.is_output)) continue;
    file.initializers.push_back({each.name, each.constant->view});
    if (each.constant->owner) file.owned.push_back(each.constant->owner);
  }
  std::erase_if(file.other_initializers, [&](const auto& each) {
    return std::ranges::none_of(values_, [&](const Value& known) {
      return known.is_opaque && known.name == each.first && (!known.readers.empty() || known.is_output);
    });
  });
  for (size_t i = 0; i < inputs_.size(); ++i)
    file.inputs[i] = InterfaceInfo(value(inputs_[i]), file.inputs[i]);
  for (size_t i = 0; i < outputs_.size(); ++i)
    file.outputs[i] = InterfaceInfo(value(outputs_[i]), file.outputs[i]);
  return file;
}

}  // namespace segforge::simplify
