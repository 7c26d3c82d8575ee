#include "engine/file/graph_json.h"

#include <algorithm>
#include <cstring>
#include <map>

#include "engine/file/attributes_json.h"
#include "engine/file/json_fields.h"
#include "engine/file/sections.h"
#include "formats/printable.h"
#include "ir/op_table.h"
#include "ir/parse_precision.h"

namespace segforge {
namespace {

using nlohmann::json;

constexpr size_t kMaxNodes = 100'000;
// Twice what any value of a SegFormer needs. It also bounds what shape rules multiply out.
constexpr size_t kMaxTypeBytes = 192;

std::string TypeText(const ValueType& type) {
  return fmt::format("{}{}", NameOf(type.dtype), ToString(type.shape));
}

class GraphWriter {
 public:
  explicit GraphWriter(const Graph& graph) : graph_(graph), ids_(static_cast<size_t>(graph.size()), -1) {}

  GraphText Run() {
    const std::vector<NodeId> live = graph_.LiveNodes();
    GraphText text = {{{"nodes", json::array()}, {"outputs", json::array()}}, PlaceWeights(live)};
    for (const NodeId id : live) {
      ids_[static_cast<size_t>(id)] = static_cast<NodeId>(text.nodes["nodes"].size());
      text.nodes["nodes"].push_back(NodeText(graph_.node(id)));
    }
    for (const GraphOutput& output : graph_.outputs()) {
      text.nodes["outputs"].push_back(
          {{"name", output.name}, {"value", ids_[static_cast<size_t>(output.value)]}});
    }
    return text;
  }

 private:
  AlignedBuffer PlaceWeights(const std::vector<NodeId>& live) {
    uint64_t bytes = 0;
    for (const NodeId id : live) {
      const Tensor* tensor = graph_.node(id).constant.get();
      if (tensor == nullptr || !offsets_.try_emplace(tensor, bytes).second) continue;
      bytes += RoundUpToSection(tensor->view().bytes());
    }
    AlignedBuffer weights(bytes);
    std::memset(weights.data(), 0, bytes);
    for (const auto& [tensor, offset] : offsets_) {
      std::memcpy(weights.data() + offset, tensor->view().data, tensor->view().bytes());
    }
    return weights;
  }

  json NodeText(const Node& node) const {
    json text = {{"op", NameOf(node.op)}, {"name", node.name}};
    if (node.op == Op::kConstant) {
      const auto dims = node.constant->shape().dims();
      text["shape"] = std::vector<int64_t>(dims.begin(), dims.end());
      text["offset"] = offsets_.at(node.constant.get());
      return text;
    }
    text["type"] = TypeText(node.type);
    if (node.op == Op::kInput) return text;
    text["inputs"] = json::array();
    for (const NodeId input : node.inputs) text["inputs"].push_back(ids_[static_cast<size_t>(input)]);
    text["precision"] = NameOf(node.precision);
    if (!node.value.empty()) text["value"] = node.value;
    AddAttributes(node.attributes, text);
    return text;
  }

  const Graph& graph_;
  std::vector<NodeId> ids_;  // in the text, of each node
  std::map<const Tensor*, uint64_t> offsets_;
};

Result<Op> OpNamed(const std::string& name) {
  for (size_t i = 0; i < static_cast<size_t>(Op::kCount); ++i) {
    if (NameOf(static_cast<Op>(i)) == name) return static_cast<Op>(i);
  }
  return InvalidInput("\"op\": there is none of that name");
}

class GraphReader {
 public:
  explicit GraphReader(const SharedBytes& weights) : weights_(weights) {}

  Result<Graph> Run(const json& text) {
    const JsonFields fields(text);
    SEGFORGE_ASSIGN_OR_RETURN(const json* nodes, fields.Array("nodes"));
    if (nodes->size() > kMaxNodes) return InvalidInput("more than {} nodes", kMaxNodes);
    for (const json& node : *nodes) {
      const Status status = AddNode(node);
      if (!status.ok()) return status.Within(fmt::format("node {}", graph_.size()));
    }
    SEGFORGE_ASSIGN_OR_RETURN(const json* outputs, fields.Array("outputs"));
    for (const json& output : *outputs) SEGFORGE_RETURN_IF_ERROR(AddOutput(output));
    SEGFORGE_RETURN_IF_ERROR(Verify(graph_));
    return std::move(graph_);
  }

 private:
  Status AddNode(const json& node) {
    const JsonFields fields(node);
    SEGFORGE_ASSIGN_OR_RETURN(const std::string op_name, fields.Text("op"));
    SEGFORGE_ASSIGN_OR_RETURN(const Op op, OpNamed(op_name));
    SEGFORGE_ASSIGN_OR_RETURN(const std::string name, fields.Text("name"));
    if (!IsPlainName(name)) return InvalidInput("\"name\": expected one");
    if (op == Op::kConstant) return AddConstant(name, fields);
    SEGFORGE_ASSIGN_OR_RETURN(const std::string type, fields.Text("type", kMaxTypeBytes));
    if (op == Op::kInput) {
      SEGFORGE_RETURN_IF_ERROR(AddInput(name, type));
    } else {
      SEGFORGE_RETURN_IF_ERROR(AddComputed(op, name, node));
    }
    const std::string inferred = TypeText(graph_.node(graph_.size() - 1).type);
    if (inferred == type) return Status();
    return InvalidInput("\"type\": expected {}, got {}", inferred, Printable(type));
  }

  // An image, or a batch of them: the one input that an engine takes.
  Status AddInput(const std::string& name, const std::string& type) {
    for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16}) {
      const ValueType image = {dtype, {Dim::N(), Dim::H(), Dim::W(), 3}};
      if (TypeText(image) != type) continue;
      graph_.AddInput(name, image);
      return Status();
    }
    return InvalidInput("\"type\": expected f32[N, H, W, 3], got {}", Printable(type));
  }

  Status AddComputed(Op op, const std::string& name, const json& node) {
    const JsonFields fields(node);
    SEGFORGE_ASSIGN_OR_RETURN(std::vector<NodeId> inputs, ReadInputs(fields));
    // Kernels take weights from constants; a value that hangs on the image cannot have a weight's shape.
    const auto is_constant = [this](NodeId id) { return graph_.node(id).op == Op::kConstant; };
    if (std::ranges::all_of(inputs, is_constant))
      return InvalidInput("\"inputs\": expected more than constants");
    SEGFORGE_ASSIGN_OR_RETURN(Attributes attributes, AttributesOf(op, node));
    SEGFORGE_ASSIGN_OR_RETURN(const std::string precision_name, fields.Text("precision"));
    SEGFORGE_ASSIGN_OR_RETURN(const Precision precision, ParsePrecision(precision_name));
    SEGFORGE_ASSIGN_OR_RETURN(std::string value, fields.Text("value"));
    SEGFORGE_ASSIGN_OR_RETURN(const NodeId id,
                              graph_.Add(op, name, std::move(inputs), std::move(attributes), precision));
    graph_.NameValue(id, std::move(value));
    return Status();
  }

  // Only what came before can be read, so there is no cycle.
  Result<std::vector<NodeId>> ReadInputs(const JsonFields& fields) const {
    SEGFORGE_ASSIGN_OR_RETURN(const json* array, fields.Array("inputs"));
    std::vector<NodeId> inputs;
    for (const json& input : *array) {
      if (!input.is_number_unsigned() || input.get<uint64_t>() >= static_cast<uint64_t>(graph_.size())) {
        return InvalidInput("\"inputs\": expected nodes before it");
      }
      inputs.push_back(input.get<NodeId>());
    }
    return inputs;
  }

  Status AddConstant(const std::string& name, const JsonFields& fields) {
    SEGFORGE_ASSIGN_OR_RETURN(const json* array, fields.Array("shape"));
    std::vector<int64_t> dims;
    for (const json& dim : *array) {
      const bool valid = dim.is_number_unsigned() && dim.get<uint64_t>() - 1 < (uint64_t{1} << 31);
      if (!valid) return InvalidInput("\"shape\": expected sizes from 1 on");
      dims.push_back(dim.get<int64_t>());
    }
    SEGFORGE_ASSIGN_OR_RETURN(const Shape shape, Shape::FromUntrusted(dims));
    const auto most = static_cast<int64_t>(weights_.bytes.size());
    SEGFORGE_ASSIGN_OR_RETURN(const int64_t offset, fields.Whole("offset", 0, most));
    ConstTensorView view = {weights_.bytes.data() + offset, DType::kF32, shape};
    if (offset % static_cast<int64_t>(kSectionAlignment) != 0 ||
        view.bytes() > weights_.bytes.size() - static_cast<size_t>(offset)) {
      return InvalidInput("\"offset\": {} at {} does not lie in the {} bytes of weights", ToString(shape),
                          offset, most);
    }
    graph_.AddConstant(name, std::make_shared<const Tensor>(Tensor::Borrowed(view, weights_.owner)));
    return Status();
  }

  Status AddOutput(const json& output) {
    const JsonFields fields(output);
    SEGFORGE_ASSIGN_OR_RETURN(std::string name, fields.Text("name"));
    SEGFORGE_ASSIGN_OR_RETURN(const int64_t value, fields.Whole("value", 0, graph_.size() - 1));
    graph_.AddOutput(std::move(name), static_cast<NodeId>(value));
    return Status();
  }

  const SharedBytes& weights_;
  Graph graph_;
};

}  // namespace

GraphText TextOf(const Graph& graph) { return GraphWriter(graph).Run(); }

Result<Graph> GraphFromText(const json& text, const SharedBytes& weights) {
  return GraphReader(weights).Run(text);
}

}  // namespace segforge
