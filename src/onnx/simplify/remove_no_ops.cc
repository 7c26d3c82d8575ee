#include "onnx/simplify/remove_no_ops.h"

#include <algorithm>
#include <array>

#include "onnx/simplify/rewrite.h"

namespace segforge::simplify {
namespace {

using Ints = std::vector<int64_t>;

bool SameSizes(const Graph& graph, const Node& node) {
  const Sizes* from = graph.DimsOf(node, 0);
  const std::optional<Sizes>& to = graph.value(node.outputs[0]).type.dims;
  return from != nullptr && to && *from == *to;
}

bool Always(const Graph&, const Node&) { return true; }

bool Dropout(const Graph& graph, const Node& node) {
  if (graph.opset() < 12 || !node.Has(2)) return true;
  const KnownValue* training = graph.Constant(node, 2);
  return training != nullptr && segforge::ScalarOf(*training) == 0.0;
}

bool Cast(const Graph& graph, const Node& node) {
  const Type* from = graph.TypeOf(node, 0);
  const Type& to = graph.value(node.outputs[0]).type;
  return from != nullptr && from->dtype && to.dtype == from->dtype;
}

bool Transpose(const Graph&, const Node& node) {
  const Ints* perm = PermutationOf(node);
  return perm != nullptr && std::ranges::is_sorted(*perm);
}

bool Pad(const Graph& graph, const Node& node) {
  const auto pads = NumbersOf(graph, node, 1, "pads");
  return pads && !pads->empty() && std::ranges::all_of(*pads, [](int64_t pad) { return pad == 0; });
}

// Of steps backwards the sizes tell nothing.
bool Slice(const Graph& graph, const Node& node) {
  const auto steps = NumbersOf(graph, node, 4, "steps");
  return steps && std::ranges::all_of(*steps, [](int64_t step) { return step == 1; }) &&
         SameSizes(graph, node);
}

bool HasOneInput(const Graph&, const Node& node) { return node.inputs.size() == 1; }

bool HasOneOutput(const Graph& graph, const Node& node) {
  return node.outputs.size() == 1 && SameSizes(graph, node);
}

// Scales may change coordinates without changing a size.
bool Resize(const Graph& graph, const Node& node) {
  if (!SameSizes(graph, node) || graph.opset() < 11) return false;
  const std::string mode = node.spec.Text("coordinate_transformation_mode", "half_pixel");
  if (mode == "tf_crop_and_resize" || mode == "half_pixel_symmetric") return false;
  if (node.Has(3)) return true;
  const auto scales = FloatsOf(graph, node, 2);
  return scales && std::ranges::all_of(*scales, [](double scale) { return scale == 1; });
}

// One number or many.
template <int neutral>
bool TakesNeutral(const Graph& graph, const Node& node) {
  if (node.inputs.size() != 2 || !SameSizes(graph, node)) return false;
  const auto values = FloatsOf(graph, node, 1);
  return values && std::ranges::all_of(*values, [](double value) { return value == neutral; });
}

struct Entry {
  std::string_view op;
  bool (*is_no_op)(const Graph& graph, const Node& node);
};
constexpr auto kEntries = std::to_array<Entry>({
    {"Add", TakesNeutral<0>},
    {"Cast", Cast},
    {"Concat", HasOneInput},
    {"Div", TakesNeutral<1>},
    {"Dropout", Dropout},
    {"Expand", SameSizes},
    {"Flatten", SameSizes},
    {"Identity", Always},
    {"Max", HasOneInput},
    {"Mean", HasOneInput},
    {"Min", HasOneInput},
    {"Mul", TakesNeutral<1>},
    {"Pad", Pad},
    {"Pow", TakesNeutral<1>},
    {"Reshape", SameSizes},
    {"Resize", Resize},
    {"Slice", Slice},
    {"Split", HasOneOutput},
    {"Squeeze", SameSizes},
    {"Sub", TakesNeutral<0>},
    {"Sum", HasOneInput},
    {"Tile", SameSizes},
    {"Transpose", Transpose},
    {"Unsqueeze", SameSizes},
});

bool IsNoOp(const Graph& graph, const Node& node) {
  if (!node.spec.domain.empty() || !node.Has(0) || node.outputs.empty() || node.outputs[0] == kNone)
    return false;
  const auto is_read = [&](ValueId id) { return id != kNone && !graph.value(id).readers.empty(); };
  if (std::any_of(node.outputs.begin() + 1, node.outputs.end(), is_read)) return false;
  if (std::any_of(node.outputs.begin() + 1, node.outputs.end(),
                  [&](ValueId id) { return id != kNone && graph.value(id).is_output; }))
    return false;
  const auto entry = std::ranges::find(kEntries, std::string_view(node.spec.op), &Entry::op);
  return entry != kEntries.end() && entry->is_no_op(graph, node);
}

}  // namespace

Result<int> RemoveNoOps(Graph& graph) {
  return RewriteEach(graph, [&](NodeId id) -> Result<bool> {
    const Node& node = graph.node(id);
    if (!IsNoOp(graph, node)) return false;
    if (!graph.Replace(node.outputs[0], node.inputs[0])) return false;
    graph.Remove(id);
    return true;
  });
}

}  // namespace segforge::simplify
