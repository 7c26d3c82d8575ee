#include "onnx/simplify/convert_opset.h"

#include <algorithm>
#include <array>

#include "formats/printable.h"
#include "onnx/simplify/infer.h"

namespace segforge::simplify {
namespace {

using Ints = std::vector<int64_t>;
constexpr int64_t kLeast = 11;
constexpr int64_t kMost = 22;

ValueId AddNumbers(Graph& graph, NodeId id, std::string_view what, const Ints& numbers) {
  const std::string like = fmt::format("{}.{}", graph.value(graph.node(id).outputs[0]).name, what);
  return graph.AddConstant(like, KnownValue::Of(numbers));
}

// A list that was an attribute becomes the second input.
Status ListToInput(Graph& graph, NodeId id, std::string_view name) {
  const auto* list = graph.node(id).spec.Find<Ints>(name);
  if (list == nullptr) return Status();
  const ValueId input = AddNumbers(graph, id, name, *list);
  graph.SetInputs(id, {graph.node(id).inputs[0], input});
  RemoveAttribute(graph.node(id), name);
  return Status();
}

Status AxesToInput(Graph& graph, NodeId id) { return ListToInput(graph, id, "axes"); }
Status SplitToInput(Graph& graph, NodeId id) { return ListToInput(graph, id, "split"); }

Status DropoutRatio(Graph& graph, NodeId id) {
  Node& node = graph.node(id);
  const auto* ratio = node.spec.Find<float>("ratio");
  if (ratio == nullptr) return Status();
  const ValueId input =
      graph.AddConstant("ratio", KnownValue::Of(Tensor::From<float>({}, std::span(ratio, 1))));
  graph.SetInputs(id, {graph.node(id).inputs[0], input});
  RemoveAttribute(graph.node(id), "ratio");
  return Status();
}

// Before opset 13 all axes from the given one on were taken together.
Status SoftmaxAxis(Graph& graph, NodeId id) {
  Node& node = graph.node(id);
  const int64_t axis = node.spec.Int("axis", 1);
  const Sizes* dims = graph.DimsOf(node, 0);
  const bool is_last = axis == -1 || (dims != nullptr && axis == static_cast<int64_t>(dims->size()) - 1);
  if (!is_last) return Unsupported("over several axes, as opset 13 does not have it");
  SetAttribute(node, "axis", int64_t{-1});
  return Status();
}

Status BatchNormOutputs(Graph& graph, NodeId id) {
  return graph.node(id).outputs.size() == 1 ? Status() : Unsupported("with outputs for training");
}

// Empty lists stood for inputs that are left out.
Status ResizeInputs(Graph& graph, NodeId id) {
  for (const size_t input : {size_t{1}, size_t{2}}) {
    const KnownValue* constant = graph.Constant(graph.node(id), input);
    if (constant != nullptr && constant->view.shape.elems() == 0) graph.SetInput(id, input, kNone);
  }
  return Status();
}

Status SplitCount(Graph& graph, NodeId id) {
  Node& node = graph.node(id);
  if (!node.Has(1)) SetAttribute(node, "num_outputs", static_cast<int64_t>(node.outputs.size()));
  return Status();
}

Status GroupNormWeights(Graph&, NodeId) {
  return Unsupported("whose weights are of another shape in opset 21");
}

struct Change {
  int64_t since;
  std::string_view op;
  Status (*convert)(Graph& graph, NodeId id);
};
constexpr auto kChanges = std::to_array<Change>({
    {12, "Dropout", DropoutRatio},
    {13, "Hardmax", SoftmaxAxis},
    {13, "LogSoftmax", SoftmaxAxis},
    {13, "ReduceSum", AxesToInput},
    {13, "Resize", ResizeInputs},
    {13, "Softmax", SoftmaxAxis},
    {13, "Split", SplitToInput},
    {13, "Squeeze", AxesToInput},
    {13, "Unsqueeze", AxesToInput},
    {14, "BatchNormalization", BatchNormOutputs},
    {18, "ReduceL1", AxesToInput},
    {18, "ReduceL2", AxesToInput},
    {18, "ReduceLogSum", AxesToInput},
    {18, "ReduceLogSumExp", AxesToInput},
    {18, "ReduceMax", AxesToInput},
    {18, "ReduceMean", AxesToInput},
    {18, "ReduceMin", AxesToInput},
    {18, "ReduceProd", AxesToInput},
    {18, "ReduceSumSquare", AxesToInput},
    {18, "Split", SplitCount},
    {21, "GroupNormalization", GroupNormWeights},
});

Status CheckNode(const Node& node) {
  if (!node.spec.domain.empty()) return Status();  // of an opset of its own
  for (const OnnxAttribute& attribute : node.spec.attributes) {
    if (std::holds_alternative<OnnxOpaque>(attribute.value)) return Unsupported("it holds a graph or a type");
  }
  if (IsKnownOperator(node) || node.Is("Constant")) return Status();
  return Unsupported("what this operator is in other opsets is not known");
}

Status ConvertNode(Graph& graph, NodeId id, int64_t from, int64_t to) {
  SEGFORGE_RETURN_IF_ERROR(CheckNode(graph.node(id)));
  for (const Change& change : kChanges) {
    if (change.since <= from || change.since > to || !graph.node(id).Is(change.op)) continue;
    SEGFORGE_RETURN_IF_ERROR(change.convert(graph, id));
  }
  return Status();
}

}  // namespace

int64_t IrVersionOf(int64_t opset) {
  constexpr std::array<std::pair<int64_t, int64_t>, 8> kVersions = {
      {{23, 11}, {21, 10}, {19, 9}, {15, 8}, {12, 7}, {11, 6}, {10, 5}, {0, 4}}};
  for (const auto& [least, version] : kVersions) {
    if (opset >= least) return version;
  }
  return 0;
}

Status ConvertOpset(Graph& graph, int64_t opset) {
  const int64_t from = graph.opset();
  if (opset == from) return Status();
  if (from < kLeast || opset < from || opset > kMost) {
    return Unsupported("from opset {} to {}: expected to raise it, within {} to {}", from, opset, kLeast,
                       kMost);
  }
  for (const NodeId id : graph.Order()) {
    const Status status = ConvertNode(graph, id, from, opset);
    if (!status.ok()) {
      const OnnxNode& spec = graph.node(id).spec;
      return status.Within(
          fmt::format("to opset {}: node \"{}\" ({})", opset, Printable(spec.name), Printable(spec.op)));
    }
  }
  graph.set_opset(opset);
  return Status();
}

}  // namespace segforge::simplify
