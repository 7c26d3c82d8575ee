#include <algorithm>
#include <unordered_set>

#include "formats/printable.h"
#include "onnx/simplify/graph.h"

namespace segforge::simplify {
namespace {

bool IsMade(const Value& value) {
  return value.producer != kNone || value.is_input || value.is_constant() || value.is_opaque;
}

Status CheckNode(const Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  for (const auto* reads : {&node.inputs, &node.captured}) {
    for (const ValueId input : *reads) {
      if (input == kNone) continue;
      const Value& value = graph.value(input);
      if (!IsMade(value)) return InvalidInput("reads \"{}\", which nothing makes", Printable(value.name));
      if (std::ranges::count(value.readers, id) !=
          std::ranges::count(node.inputs, input) + std::ranges::count(node.captured, input))
        return InvalidInput("is not among the readers of \"{}\"", Printable(value.name));
    }
  }
  for (const ValueId output : node.outputs) {
    if (output != kNone && graph.value(output).producer != id)
      return InvalidInput("does not make \"{}\"", Printable(graph.value(output).name));
  }
  return Status();
}

}  // namespace

Status Graph::Verify() const {
  size_t live = 0;
  for (size_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i].is_dead) continue;
    ++live;
    const Status status = CheckNode(*this, static_cast<NodeId>(i));
    if (!status.ok()) {
      return status.Within(
          fmt::format("node \"{}\" ({})", Printable(nodes_[i].spec.name), Printable(nodes_[i].spec.op)));
    }
  }
  if (Order().size() != live) return InvalidInput("the graph has a cycle");
  std::unordered_set<std::string_view> names;
  for (const Value& each : values_) {
    if (IsMade(each) && !names.insert(each.name).second)
      return InvalidInput("\"{}\" is there twice", Printable(each.name));
  }
  for (size_t i = 0; i < outputs_.size(); ++i) {
    const Value& output = value(outputs_[i]);
    if (!IsMade(output) || !output.is_output || output.name != file_.outputs[i].name)
      return InvalidInput("output \"{}\" is lost", Printable(file_.outputs[i].name));
  }
  return Status();
}

}  // namespace segforge::simplify
