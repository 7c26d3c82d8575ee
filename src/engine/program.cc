#include "engine/program.h"

#include <optional>

namespace segforge {
namespace {

class Compiler {
 public:
  Compiler(const Graph& graph, const Backend& backend)
      : graph_(graph), backend_(backend), values_(static_cast<size_t>(graph.size())) {}

  Result<std::shared_ptr<const Program>> Run() {
    for (NodeId id = 0; id < graph_.size();
         ++id) {  // dead ones too, so that callers can count on their order
      if (graph_.node(id).op == Op::kInput) program_->inputs.push_back(AddValue(id));
    }
    for (const NodeId id : graph_.LiveNodes()) {
      const Op op = graph_.node(id).op;
      if (op == Op::kInput || op == Op::kConstant) continue;
      SEGFORGE_RETURN_IF_ERROR(AddInstruction(id));
    }
    for (const GraphOutput& output : graph_.outputs()) {
      const auto& value = values_[static_cast<size_t>(output.value)];
      if (!value) return InvalidInput("output \"{}\" is a constant", output.name);
      program_->outputs.push_back(*value);
    }
    return std::shared_ptr<const Program>(std::move(program_));
  }

 private:
  ValueId AddValue(NodeId id) {
    program_->values.push_back(graph_.node(id).type);
    values_[static_cast<size_t>(id)] = program_->values.size() - 1;
    return program_->values.size() - 1;
  }

  Status AddInstruction(NodeId id) {
    const Node& node = graph_.node(id);
    const KernelRow* row = backend_.Find(node.op);
    if (row == nullptr) {
      return Unsupported("{}: backend {} has no kernel for {}", node.name, backend_.name(), NameOf(node.op));
    }
    SEGFORGE_ASSIGN_OR_RETURN(std::unique_ptr<const Kernel> kernel, row->make(graph_, node));
    Instruction instruction = {node.op,         node.name,      node.value, row->name, std::move(kernel),
                               node.attributes, node.precision, {},         {},        0};
    for (const NodeId input : node.inputs) {
      instruction.operands.push_back(graph_.node(input).type);
      if (const auto& value = values_[static_cast<size_t>(input)]) instruction.inputs.push_back(*value);
    }
    instruction.output = AddValue(id);
    program_->instructions.push_back(std::move(instruction));
    return Status();
  }

  const Graph& graph_;
  const Backend& backend_;
  std::vector<std::optional<ValueId>> values_;  // of each node; none for constants
  std::shared_ptr<Program> program_ = std::make_shared<Program>();
};

}  // namespace

Result<std::shared_ptr<const Program>> Compile(const Graph& graph, const Backend& backend) {
  SEGFORGE_RETURN_IF_ERROR(Verify(graph));
  return Compiler(graph, backend).Run();
}

}  // namespace segforge
