#include "ir/graph.h"

#include <algorithm>

#include "ir/op_table.h"
#include "ir/type_check.h"

namespace segforge {
namespace {

ValueType TypeOf(const Tensor& tensor) {
  const auto dims = tensor.shape().dims();
  return {tensor.dtype(), DimShape(dims.begin(), dims.end())};
}

}  // namespace

NodeId Graph::AddInput(std::string name, ValueType type) {
  nodes_.push_back({Op::kInput, std::move(name), {}, NoAttrs(), std::move(type), nullptr});
  return size() - 1;
}

NodeId Graph::AddConstant(std::string name, Tensor tensor) {
  return AddConstant(std::move(name), std::make_shared<const Tensor>(std::move(tensor)));
}

NodeId Graph::AddConstant(std::string name, std::shared_ptr<const Tensor> tensor) {
  ValueType type = TypeOf(*tensor);
  nodes_.push_back({Op::kConstant, std::move(name), {}, NoAttrs(), std::move(type), std::move(tensor)});
  return size() - 1;
}

Result<NodeId> Graph::Add(Op op, std::string name, std::vector<NodeId> inputs, Attributes attributes,
                          Precision precision) {
  for (NodeId input : inputs) {
    if (input < 0 || input >= size()) {
      return InvalidInput("{} \"{}\": expected inputs below %{}, got %{}", NameOf(op), name, size(), input);
    }
  }
  Node node{op, std::move(name), std::move(inputs), std::move(attributes), {}, nullptr, precision};
  SEGFORGE_ASSIGN_OR_RETURN(node.type, InferType(*this, node));
  nodes_.push_back(std::move(node));
  return size() - 1;
}

// A depth-first walk with its own stack: a graph may be deeper than the thread's stack.
std::vector<NodeId> Graph::LiveNodes() const {
  std::vector<NodeId> order;
  std::vector<bool> seen(nodes_.size(), false);
  struct Frame {
    NodeId id;
    size_t next_input;
  };
  std::vector<Frame> stack;
  const auto enter = [&](NodeId id) {
    SEGFORGE_CHECK(id >= 0 && id < size());
    if (seen[static_cast<size_t>(id)]) return;
    seen[static_cast<size_t>(id)] = true;
    stack.push_back({id, 0});
  };
  for (const GraphOutput& output : outputs_) {
    enter(output.value);
    while (!stack.empty()) {
      Frame& top = stack.back();
      const std::vector<NodeId>& inputs = node(top.id).inputs;
      if (top.next_input < inputs.size()) {
        enter(inputs[top.next_input++]);
      } else {
        order.push_back(top.id);
        stack.pop_back();
      }
    }
  }
  return order;
}

std::vector<std::vector<NodeId>> Graph::Readers() const {
  std::vector<std::vector<NodeId>> readers(nodes_.size());
  for (NodeId id : LiveNodes()) {
    for (NodeId input : node(id).inputs) readers[static_cast<size_t>(input)].push_back(id);
  }
  return readers;
}

bool Graph::IsOutput(NodeId id) const {
  return std::any_of(outputs_.begin(), outputs_.end(),
                     [id](const GraphOutput& output) { return output.value == id; });
}

void Graph::NameValues() {
  for (Node& node : nodes_) node.value = node.name;
}

void Graph::Replace(NodeId from, NodeId to) {
  SEGFORGE_CHECK(node(from).type == node(to).type);
  nodes_[static_cast<size_t>(to)].value = node(from).value;
  for (NodeId id = 0; id < size(); ++id) {
    if (id == to) continue;
    std::vector<NodeId>& inputs = nodes_[static_cast<size_t>(id)].inputs;
    std::replace(inputs.begin(), inputs.end(), from, to);
  }
  for (GraphOutput& output : outputs_) {
    if (output.value == from) output.value = to;
  }
}

const Tensor* Graph::ConstantInput(const Node& node, size_t index) const {
  return index < node.inputs.size() ? this->node(node.inputs[index]).constant.get() : nullptr;
}

int64_t CountMacs(const Graph& graph, const Node& node, const InputSize& size) {
  const OpRow& row = RowOf(node.op);
  if (row.macs == nullptr) return 0;
  std::vector<Shape> inputs;
  for (NodeId input : node.inputs) inputs.push_back(Evaluate(graph.node(input).type.shape, size));
  return row.macs(inputs, Evaluate(node.type.shape, size), node.attributes);
}

}  // namespace segforge
