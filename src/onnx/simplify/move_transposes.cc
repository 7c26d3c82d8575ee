#include "onnx/simplify/move_transposes.h"

#include <algorithm>
#include <array>

#include "onnx/simplify/rewrite.h"
#include "onnx/simplify/strided.h"

namespace segforge::simplify {
namespace {

using Ints = std::vector<int64_t>;

bool WorksByElement(const Node& node) {
  static constexpr auto kOps = std::to_array<std::string_view>(
      {"Abs", "Add",      "Cast",  "Ceil", "Clip",        "Cos",        "Div",       "Elu",
       "Erf", "Exp",      "Floor", "Gelu", "HardSigmoid", "HardSwish",  "LeakyRelu", "Log",
       "Max", "Min",      "Mul",   "Neg",  "Pow",         "Reciprocal", "Relu",      "Sigmoid",
       "Sin", "Softplus", "Sqrt",  "Sub",  "Sum",         "Tanh"});
  return !node.is_dead && node.spec.domain.empty() && node.outputs.size() == 1 &&
         std::ranges::find(kOps, std::string_view(node.spec.op)) != kOps.end();
}

// The permutation of a Transpose that `reader` alone reads, through that input.
const Ints* OwnTranspose(const Graph& graph, NodeId reader, size_t input) {
  const Node* from = graph.Producer(graph.node(reader).inputs[input]);
  if (from == nullptr || graph.OnlyReader(from->outputs[0]) != reader) return nullptr;
  return PermutationOf(*from);
}

// Whether what reads the value alone, and so on, is number by number up to a Transpose.
bool LeadsToTranspose(const Graph& graph, ValueId value) {
  constexpr int kMostSteps = 32;
  for (int step = 0; step < kMostSteps; ++step) {
    const NodeId reader = graph.OnlyReader(value);
    if (reader == kNone) return false;
    const Node& node = graph.node(reader);
    if (node.Is("Transpose")) return true;
    if (!WorksByElement(node)) return false;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const KnownValue* constant = graph.Constant(node, i);
      if (node.Has(i) && node.inputs[i] != value &&
          (constant == nullptr || constant->view.shape.elems() != 1))
        return false;
    }
    value = node.outputs[0];
  }
  return false;
}

// A constant as it is before the Transpose.
std::optional<KnownValue> Untransposed(const KnownValue& constant, const Ints& perm) {
  const Shape& shape = constant.view.shape;
  if (shape.elems() == 1) return constant;
  if (static_cast<size_t>(shape.rank()) != perm.size()) return std::nullopt;
  Ints dims(perm.size()), strides(perm.size());
  const Ints own = StridesOf(shape);
  for (size_t i = 0; i < perm.size(); ++i) {
    dims[static_cast<size_t>(perm[i])] = shape[static_cast<int>(i)];
    strides[static_cast<size_t>(perm[i])] = own[i];
  }
  Tensor moved(constant.view.dtype, Shape(dims));
  ForEachStrided(moved.shape(), strides,
                 [&](int64_t offset, int64_t i) { CopyElement(constant.view, offset, moved, i); });
  return KnownValue::Of(std::move(moved));
}

struct Plan {
  Ints perm;
  std::vector<ValueId> inputs;                           // what the operator reads instead
  std::vector<std::pair<size_t, KnownValue>> constants;  // in the place of inputs
};

std::optional<Plan> PlanFor(const Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  if (!WorksByElement(node)) return std::nullopt;
  Plan plan;
  int transposes = 0;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const Ints* perm = node.Has(i) ? OwnTranspose(graph, id, i) : nullptr;
    if (perm == nullptr) continue;
    if (transposes++ > 0 && *perm != plan.perm) return std::nullopt;
    plan.perm = *perm;
  }
  if (transposes == 0 || (transposes == 1 && !LeadsToTranspose(graph, node.outputs[0]))) return std::nullopt;
  plan.inputs = node.inputs;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (!node.Has(i)) continue;
    if (OwnTranspose(graph, id, i) != nullptr) {
      plan.inputs[i] = graph.Producer(node.inputs[i])->inputs[0];
      continue;
    }
    const KnownValue* constant = graph.Constant(node, i);
    std::optional<KnownValue> moved = constant != nullptr ? Untransposed(*constant, plan.perm) : std::nullopt;
    if (!moved) return std::nullopt;
    if (constant->view.shape.elems() != 1) plan.constants.emplace_back(i, *std::move(moved));
  }
  return plan;
}

}  // namespace

Result<int> MoveTransposes(Graph& graph) {
  return RewriteEach(graph, [&](NodeId id) -> Result<bool> {
    std::optional<Plan> plan = PlanFor(graph, id);
    const std::optional<Sizes> dims = plan ? graph.value(graph.node(id).outputs[0]).type.dims : std::nullopt;
    if (!dims || dims->size() != plan->perm.size()) return false;
    for (auto& [input, constant] : plan->constants) {
      const std::string like = graph.value(graph.node(id).inputs[input]).name;
      plan->inputs[input] = graph.AddConstant(like, std::move(constant));
    }
    // The operator moves up to a node of its own; in its place is the Transpose.
    const OnnxNode spec = graph.node(id).spec;
    Type type = graph.value(graph.node(id).outputs[0]).type;
    for (size_t i = 0; i < dims->size(); ++i) (*type.dims)[static_cast<size_t>(plan->perm[i])] = (*dims)[i];
    const std::string like = graph.value(graph.node(id).outputs[0]).name;
    const NodeId moved =
        graph.AddNode(spec.op, std::move(plan->inputs), spec.attributes, like, std::move(type));
    graph.Become(id, "Transpose", {graph.node(moved).outputs[0]}, {{"perm", std::move(plan->perm)}});
    return true;
  });
}

}  // namespace segforge::simplify
