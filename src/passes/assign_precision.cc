#include "passes/assign_precision.h"

#include <map>
#include <utility>

#include "passes/rewrite.h"

namespace segforge {
namespace {

// Types are inferred as nodes are added, so the graph is built anew, inputs before readers.
class Assignment {
 public:
  Assignment(const Graph& before, FunctionRef<Precision(const Node&)> choose)
      : before_(before), choose_(choose), ids_(static_cast<size_t>(before.size()), kNoNode) {}

  Result<int> Run() {
    const std::vector<NodeId> live = before_.LiveNodes();
    AddInputs(live);
    for (const NodeId id : live) SEGFORGE_RETURN_IF_ERROR(AddNode(id));
    for (const GraphOutput& output : before_.outputs()) {
      SEGFORGE_ASSIGN_OR_RETURN(const NodeId value, As(DType::kF32, NewId(output.value)));
      after_.AddOutput(output.name, value);
    }
    return static_cast<int>(casts_.size());
  }

  Graph TakeGraph() { return std::move(after_); }

 private:
  NodeId NewId(NodeId id) const { return ids_[static_cast<size_t>(id)]; }

  // What Casts are made of, however many stand in a row.
  NodeId Source(NodeId id) const {
    while (before_.node(id).op == Op::kCast) id = before_.node(id).inputs[0];
    return id;
  }

  // All of them in their order, which callers count on, before any node.
  void AddInputs(const std::vector<NodeId>& live) {
    for (NodeId id = 0; id < before_.size(); ++id) {
      const Node& node = before_.node(id);
      if (node.op != Op::kInput) continue;
      ids_[static_cast<size_t>(id)] = after_.AddInput(node.name, {TypeOfInput(id, live), node.type.shape});
    }
  }

  DType TypeOfInput(NodeId input, const std::vector<NodeId>& live) const {
    for (const NodeId id : live) {
      const Node& node = before_.node(id);
      if (node.op == Op::kCast) continue;
      for (const NodeId read : node.inputs) {
        if (Source(read) == input) return StorageOf(choose_(node));
      }
    }
    return DType::kF32;
  }

  Status AddNode(NodeId id) {
    const Node& node = before_.node(id);
    if (node.op == Op::kInput) return Status();
    NodeId& added = ids_[static_cast<size_t>(id)];
    if (node.op == Op::kCast) {
      added = NewId(node.inputs[0]);
    } else if (node.op == Op::kConstant) {
      added = after_.AddConstant(node.name, node.constant);
    } else {
      const Precision precision = choose_(node);
      std::vector<NodeId> inputs;
      for (const NodeId input : node.inputs) {
        SEGFORGE_ASSIGN_OR_RETURN(const NodeId read, As(StorageOf(precision), NewId(input)));
        inputs.push_back(read);
      }
      SEGFORGE_ASSIGN_OR_RETURN(
          added, after_.Add(node.op, node.name, std::move(inputs), node.attributes, precision));
      after_.NameValue(added, node.value);
    }
    return Status();
  }

  // The value in that type; constants are in f32 for every reader.
  Result<NodeId> As(DType dtype, NodeId value) {
    const Node& node = after_.node(value);
    if (node.op == Op::kConstant || node.type.dtype == dtype) return value;
    const auto known = casts_.find({value, dtype});
    if (known != casts_.end()) return known->second;
    SEGFORGE_ASSIGN_OR_RETURN(
        const NodeId cast,
        after_.Add(Op::kCast, fmt::format("{}.{}", node.name, NameOf(dtype)), {value}, CastAttrs{dtype}));
    casts_[{value, dtype}] = cast;
    return cast;
  }

  const Graph& before_;
  FunctionRef<Precision(const Node&)> choose_;
  Graph after_;
  std::vector<NodeId> ids_;  // in after_, of each node of before_
  std::map<std::pair<NodeId, DType>, NodeId> casts_;
};

}  // namespace

Result<int> AssignPrecision(Graph& graph, FunctionRef<Precision(const Node&)> choose) {
  Assignment assignment(graph, choose);
  SEGFORGE_ASSIGN_OR_RETURN(const int casts, assignment.Run());
  graph = assignment.TakeGraph();
  return casts;
}

}  // namespace segforge
