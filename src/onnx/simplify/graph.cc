#include "onnx/simplify/graph.h"

#include <algorithm>
#include <queue>

#include "formats/printable.h"

namespace segforge::simplify {
namespace {

template <typename T>
void EraseOne(std::vector<T>& from, const T& what) {
  const auto found = std::ranges::find(from, what);
  SEGFORGE_CHECK(found != from.end());
  from.erase(found);
}

}  // namespace

// Of the nodes that are ready, the one that stood first.
std::vector<NodeId> Graph::Order() const {
  std::vector<int> waits(nodes_.size(), 0);
  std::priority_queue<NodeId, std::vector<NodeId>, std::greater<>> ready;
  const auto producer = [&](ValueId id) { return id == kNone ? kNone : value(id).producer; };
  for (size_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i].is_dead) continue;
    for (const auto* reads : {&nodes_[i].inputs, &nodes_[i].captured}) {
      for (const ValueId id : *reads) waits[i] += producer(id) != kNone;
    }
    if (waits[i] == 0) ready.push(static_cast<NodeId>(i));
  }
  std::vector<NodeId> order;
  while (!ready.empty()) {
    order.push_back(ready.top());
    ready.pop();
    for (const ValueId output : node(order.back()).outputs) {
      if (output == kNone) continue;
      for (const NodeId reader : value(output).readers) {
        if (--waits[static_cast<size_t>(reader)] == 0) ready.push(reader);
      }
    }
  }
  return order;
}

NodeId Graph::ProducerId(ValueId id) const {
  const NodeId producer = id == kNone ? kNone : value(id).producer;
  return producer != kNone && node(producer).outputs[0] == id ? producer : kNone;
}

const Node* Graph::Producer(ValueId id) const {
  const NodeId producer = ProducerId(id);
  return producer == kNone ? nullptr : &node(producer);
}

const KnownValue* Graph::Constant(const Node& reader, size_t input) const {
  if (!reader.Has(input)) return nullptr;
  const Value& read = value(reader.inputs[input]);
  return read.constant ? &*read.constant : nullptr;
}

const Type* Graph::TypeOf(const Node& reader, size_t input) const {
  return reader.Has(input) ? &value(reader.inputs[input]).type : nullptr;
}

const Sizes* Graph::DimsOf(const Node& reader, size_t input) const {
  const Type* type = TypeOf(reader, input);
  return type != nullptr && type->dims ? &*type->dims : nullptr;
}

NodeId Graph::OnlyReader(ValueId id) const {
  const Value& read = value(id);
  return read.readers.size() == 1 && !read.is_output && !read.is_captured ? read.readers[0] : kNone;
}

std::string Graph::Unused(std::string_view like) {
  std::string name(like);
  for (int i = 1; names_.contains(name) || name.empty(); ++i) name = fmt::format("{}_{}", like, i);
  return name;
}

ValueId Graph::AddValue(std::string name) {
  names_.insert(name);
  values_.emplace_back();
  values_.back().name = std::move(name);
  return static_cast<ValueId>(values_.size() - 1);
}

ValueId Graph::AddConstant(std::string_view like, KnownValue constant) {
  constexpr size_t kRoomForNumbers = 24;
  const bool is_plain = IsPlainName(fmt::format("{:{}}", like, like.size() + kRoomForNumbers));
  const ValueId id = AddValue(Unused(is_plain ? like : "constant"));
  MakeConstant(id, std::move(constant));
  return id;
}

void Graph::MakeConstant(ValueId id, KnownValue constant) {
  Value& made = value(id);
  if (made.producer != kNone) std::ranges::replace(node(made.producer).outputs, id, kNone);
  made.producer = kNone;
  const std::span<const int64_t> dims = constant.view.shape.dims();
  made.type = {constant.view.dtype, Sizes(dims.begin(), dims.end())};
  if (dims.size() <= 1) {
    const Result<std::vector<int64_t>> numbers = WholeNumbers(constant);
    if (numbers.ok()) made.content = Sizes(numbers->begin(), numbers->end());
  }
  made.constant = std::move(constant);
}

void Graph::Become(NodeId id, std::string op, std::vector<ValueId> inputs,
                   std::vector<OnnxAttribute> attributes) {
  SetInputs(id, std::move(inputs));
  node(id).spec.op = std::move(op);
  node(id).spec.attributes = std::move(attributes);
  node(id).spec.rest.clear();
}

NodeId Graph::AddNode(std::string op, std::vector<ValueId> inputs, std::vector<OnnxAttribute> attributes,
                      std::string_view like, Type type) {
  const auto id = static_cast<NodeId>(nodes_.size());
  const ValueId output = AddValue(Unused(like));
  value(output).producer = id;
  value(output).type = std::move(type);
  nodes_.emplace_back();
  nodes_.back().spec = {std::move(op), "", value(output).name, {}, {}, std::move(attributes)};
  nodes_.back().outputs = {output};
  SetInputs(id, std::move(inputs));
  return id;
}

void Graph::Unread(ValueId id, NodeId reader) {
  if (id != kNone) EraseOne(value(id).readers, reader);
}

void Graph::SetInput(NodeId id, size_t index, ValueId input) {
  Unread(node(id).inputs[index], id);
  node(id).inputs[index] = input;
  if (input != kNone) value(input).readers.push_back(id);
}

void Graph::SetInputs(NodeId id, std::vector<ValueId> inputs) {
  for (const ValueId input : node(id).inputs) Unread(input, id);
  for (const ValueId input : inputs) {
    if (input != kNone) value(input).readers.push_back(id);
  }
  node(id).inputs = std::move(inputs);
}

bool Graph::CanReplace(ValueId old, ValueId by) const {
  if (old == by || value(old).is_captured) return false;
  if (!value(old).is_output) return true;
  return value(by).producer != kNone && !value(by).is_output && !value(by).is_captured;
}

bool Graph::Replace(ValueId old, ValueId by) {
  if (!CanReplace(old, by)) return false;
  const std::vector<NodeId> readers = value(old).readers;
  for (const NodeId reader : readers) {
    for (size_t i = 0; i < node(reader).inputs.size(); ++i) {
      if (node(reader).inputs[i] == old) SetInput(reader, i, by);
    }
  }
  if (!value(old).is_output) return true;
  std::swap(value(old).name, value(by).name);
  std::swap(value(old).is_output, value(by).is_output);
  std::swap(value(old).said, value(by).said);
  std::ranges::replace(outputs_, old, by);
  return true;
}

void Graph::Remove(NodeId id) {
  SetInputs(id, {});
  for (const ValueId captured : node(id).captured) Unread(captured, id);
  for (const ValueId output : node(id).outputs) {
    if (output == kNone) continue;
    SEGFORGE_CHECK(value(output).readers.empty() && !value(output).is_output);
    value(output).producer = kNone;
  }
  node(id) = Node();
  node(id).is_dead = true;
}

void Graph::RemoveConstant(ValueId id) {
  SEGFORGE_CHECK(value(id).readers.empty() && !value(id).is_output);
  value(id).constant.reset();
}

void RemoveAttribute(Node& node, std::string_view name) {
  std::erase_if(node.spec.attributes, [&](const OnnxAttribute& each) { return each.name == name; });
}

}  // namespace segforge::simplify
