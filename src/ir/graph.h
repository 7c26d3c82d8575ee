// A typed, acyclic graph. Each node yields one value, named by the node's id; inputs and constants are nodes
// too.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/tensor.h"
#include "ir/op.h"
#include "ir/precision.h"

namespace segforge {

using NodeId = int32_t;

struct ValueType {
  DType dtype = DType::kF32;
  DimShape shape;
  friend bool operator==(const ValueType&, const ValueType&) = default;
};

struct Node {
  Op op = Op::kInput;
  std::string name;  // the checkpoint's own: "stage1.block0.attention.q"
  std::vector<NodeId> inputs;
  Attributes attributes;
  ValueType type;                          // of the value that the node yields
  std::shared_ptr<const Tensor> constant;  // set for Op::kConstant alone; shared by copies of the graph
  Precision precision = Precision::kFp32;  // of a computed node
  std::string value = {};  // name of the published node whose value it yields; "" for any other value

  template <typename Attrs>
  const Attrs& as() const {
    return std::get<Attrs>(attributes);
  }
};

struct GraphOutput {
  std::string name;
  NodeId value = 0;
};

class Graph {
 public:
  NodeId AddInput(std::string name, ValueType type);
  NodeId AddConstant(std::string name, Tensor tensor);
  NodeId AddConstant(std::string name, std::shared_ptr<const Tensor> tensor);
  // Infers the node's type by the op table's rule. Fails, naming the node, when inputs or attributes do not
  // fit.
  Result<NodeId> Add(Op op, std::string name, std::vector<NodeId> inputs, Attributes attributes = NoAttrs(),
                     Precision precision = Precision::kFp32);
  void AddOutput(std::string name, NodeId value) { outputs_.push_back({std::move(name), value}); }

  const Node& node(NodeId id) const { return nodes_[static_cast<size_t>(id)]; }
  int size() const { return static_cast<int>(nodes_.size()); }  // dead nodes included
  const std::vector<GraphOutput>& outputs() const { return outputs_; }

  // The nodes that outputs depend on, each after its inputs; always in the same order for the same graph.
  std::vector<NodeId> LiveNodes() const;
  // For every node id, the live nodes that read it, once for each input that is it. Outputs count as no
  // reader.
  std::vector<std::vector<NodeId>> Readers() const;
  bool IsOutput(NodeId id) const;

  // Names every node's value after the node. Rewrites keep the names of the values that survive them, so that
  // two graphs made from one are comparable value by value.
  void NameValues();
  void NameValue(NodeId id, std::string value) { nodes_[static_cast<size_t>(id)].value = std::move(value); }

  // `to` yields the value that `from` did: all readers of `from`, and the outputs, read `to` instead, but for
  // `to` itself. Types must be equal (CHECKed).
  void Replace(NodeId from, NodeId to);

  // The constant behind an input of a node, or null when that input is computed.
  const Tensor* ConstantInput(const Node& node, size_t index) const;

 private:
  std::vector<Node> nodes_;
  std::vector<GraphOutput> outputs_;
};

// Checks every live node: ids in range, no cycle, arity, attribute kind, types as the op table infers them,
// computed inputs of the type that the node's precision reads (but for Cast, which reads any).
// Errors name op and node: Linear "stage1.block0.attention.q": weight [32, 64] needs x [.., 64], got [..]
Status Verify(const Graph& graph);

// One line a live node, then one an output:
//   %12 = Linear(%11, %3, %4) : f32[N, ceil(H/4), ceil(W/4), 32]  # stage1.block0.attention.q
//   output logits = %12
// A precision other than fp32 stands before the colon: Linear(%11, %3, %4) fp16 : f16[..]
std::string Print(const Graph& graph);

// Multiply-adds of one node at an input size (convolutions, products, attention; nothing else counts).
int64_t CountMacs(const Graph& graph, const Node& node, const InputSize& size);

}  // namespace segforge
