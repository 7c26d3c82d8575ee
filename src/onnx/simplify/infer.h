// Types and sizes of values, from those of the graph's inputs.
#pragma once

#include <span>

#include "onnx/simplify/graph.h"

namespace segforge::simplify {

// Sets type and content of every value that nodes make. What an operator that is not known gives is what the
// file says of it. Fails on sizes that cannot be, and on those that the file says otherwise, naming the node.
Status Infer(Graph& graph);

// What a rule sees of a node.
class NodeView {
 public:
  NodeView(const Graph& graph, const Node& node) : graph_(graph), node_(node) {}

  const Node& node() const { return node_; }
  const OnnxNode& spec() const { return node_.spec; }
  int64_t opset() const { return graph_.opset(); }
  size_t inputs() const { return node_.inputs.size(); }
  bool Has(size_t input) const { return node_.Has(input); }
  std::optional<DType> dtype(size_t input) const;
  const Sizes* dims(size_t input) const { return graph_.DimsOf(node_, input); }  // null: not known
  const Sizes* content(size_t input) const;                                      // null: not known
  const KnownValue* constant(size_t input) const { return graph_.Constant(node_, input); }
  const Type& output() const {
    return graph_.value(node_.outputs[0]).type;
  }  // the first, once it is inferred
  // Whole numbers from a constant input or, where there is no such input, from the attribute: empty where
  // there is neither, nullopt where they are not known.
  std::optional<std::vector<int64_t>> Numbers(size_t input, std::string_view attribute) const;
  // A size that only the node's first output has, at that axis.
  Size Unknown(size_t axis) const;

 private:
  const Graph& graph_;
  const Node& node_;
};

using Types = std::vector<Type>;  // of the outputs; those that are missing are not known
struct InferenceRow {
  std::string_view op;
  Result<Types> (*infer)(const NodeView& view);
};
// One table a file: number by number; products, windows and norms; moves of elements.
std::span<const InferenceRow> ElementwiseInferences();
std::span<const InferenceRow> LayerInferences();
std::span<const InferenceRow> ArrangementInferences();

// Whether it is one of the tables': such an operator gives the same every time.
bool IsKnownOperator(const Node& node);

// The types of a node's outputs as its inputs have them; empty for operators that are not known.
Result<Types> InferTypes(const NodeView& view);

// The elements of a list or scalar that shapes are computed with; nullopt for other operators and values.
std::optional<Sizes> ContentOf(const NodeView& view);

// The axis counted from the front; fails where there is no such axis.
Result<size_t> AxisOf(int64_t axis, size_t rank);
Result<Sizes> Broadcast(const Sizes& a, const Sizes& b, const NodeView& view);

}  // namespace segforge::simplify
