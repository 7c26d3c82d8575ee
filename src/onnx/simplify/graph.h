// An ONNX graph that rewrites change: nodes and values by number, readers known, names only at the edges.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "formats/onnx.h"
#include "onnx/known_value.h"
#include "onnx/simplify/size.h"

namespace segforge::simplify {

using NodeId = int;
using ValueId = int;
constexpr int kNone = -1;

struct Node {
  OnnxNode spec;                  // operator, name and attributes; its inputs and outputs are below
  std::vector<ValueId> inputs;    // kNone where one is left out
  std::vector<ValueId> outputs;   // kNone where nobody wants one
  std::vector<ValueId> captured;  // read by graphs in its attributes, by name
  bool is_dead = false;

  bool Is(std::string_view op) const { return !is_dead && spec.op == op && spec.domain.empty(); }
  bool Has(size_t input) const { return input < inputs.size() && inputs[input] != kNone; }
};

struct Type {
  std::optional<DType> dtype;
  std::optional<Sizes> dims;
};

struct Value {
  std::string name;
  NodeId producer = kNone;             // of inputs and initializers there is none
  std::vector<NodeId> readers;         // one entry a read
  std::optional<KnownValue> constant;  // of initializers
  bool is_input = false;
  bool is_output = false;
  bool is_opaque = false;    // an initializer that is not looked into
  bool is_captured = false;  // graphs inside of nodes know it by its name
  Type said;                 // by the file
  Type type;                 // inferred, else what the file says
  std::optional<Sizes>
      content;  // the elements of a list or scalar of whole numbers, as far as they are known

  bool is_constant() const { return constant.has_value(); }
};

class Graph {
 public:
  explicit Graph(OnnxFile file);
  // The live nodes, each after those that it reads, else in the order that they were in; types as value
  // infos.
  OnnxFile ToFile() const;
  // Whether nodes, values and readers agree, there is no cycle, and outputs are what they were. For our own
  // bugs: an input's have been found by then.
  Status Verify() const;

  int64_t opset() const { return file_.opset; }
  void set_opset(int64_t opset) { file_.opset = opset; }
  void set_ir_version(int64_t version) { file_.ir_version = version; }
  int64_t ir_version() const { return file_.ir_version; }

  size_t node_count() const { return nodes_.size(); }
  size_t value_count() const { return values_.size(); }
  const Node& node(NodeId id) const { return nodes_[static_cast<size_t>(id)]; }
  Node& node(NodeId id) { return nodes_[static_cast<size_t>(id)]; }
  const Value& value(ValueId id) const { return values_[static_cast<size_t>(id)]; }
  Value& value(ValueId id) { return values_[static_cast<size_t>(id)]; }
  const std::vector<ValueId>& inputs() const { return inputs_; }
  const std::vector<ValueId>& outputs() const { return outputs_; }
  std::vector<NodeId> Order() const;  // live nodes, each after those that it reads

  // The node whose first output it is; null, or kNone, for what is left out and for other values.
  const Node* Producer(ValueId id) const;
  NodeId ProducerId(ValueId id) const;
  const KnownValue* Constant(const Node& reader, size_t input) const;
  const Type* TypeOf(const Node& reader, size_t input) const;
  const Sizes* DimsOf(const Node& reader, size_t input) const;  // null where they are not known
  // The node that alone reads a value, once; kNone where there are others, or the value is seen from outside.
  NodeId OnlyReader(ValueId id) const;
  bool IsOnlyRead(ValueId id) const { return OnlyReader(id) != kNone; }

  ValueId AddConstant(std::string_view like, KnownValue constant);
  // A node with one output of that type; `like` names both.
  NodeId AddNode(std::string op, std::vector<ValueId> inputs, std::vector<OnnxAttribute> attributes,
                 std::string_view like, Type type);
  // Another operator with the same outputs.
  void Become(NodeId id, std::string op, std::vector<ValueId> inputs,
              std::vector<OnnxAttribute> attributes = {});
  void SetInput(NodeId id, size_t index, ValueId input);
  void SetInputs(NodeId id, std::vector<ValueId> inputs);
  // Gives a node's only output a value's place: readers, name where it is an output. False, and nothing is
  // done, where the name of either must stay.
  bool Replace(ValueId old, ValueId by);
  bool CanReplace(ValueId old, ValueId by) const;
  void MakeConstant(ValueId id, KnownValue constant);  // what made it stays, without that output
  void Remove(NodeId id);                              // nothing reads its outputs
  void RemoveConstant(ValueId id);                     // nothing reads it

 private:
  ValueId AddValue(std::string name);
  std::string Unused(std::string_view like);
  void Unread(ValueId id, NodeId reader);
  void ReadNodes(OnnxFile& file);

  OnnxFile file_;  // what is not below
  std::vector<Node> nodes_;
  std::vector<Value> values_;
  std::vector<ValueId> inputs_;
  std::vector<ValueId> outputs_;
  std::unordered_set<std::string> names_;
};

// Adds to the attributes, or replaces the value.
template <typename T>
void SetAttribute(Node& node, std::string_view name, T value) {
  for (OnnxAttribute& each : node.spec.attributes) {
    if (each.name != name) continue;
    each.value = std::move(value);
    return;
  }
  node.spec.attributes.push_back({std::string(name), std::move(value)});
}
void RemoveAttribute(Node& node, std::string_view name);

}  // namespace segforge::simplify
