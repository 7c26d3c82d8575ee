#include "onnx/simplify/fold_pad.h"

#include <algorithm>
#include <cmath>

#include "onnx/simplify/rewrite.h"

namespace segforge::simplify {
namespace {

using Ints = std::vector<int64_t>;

bool TakesPads(const Node& node) {
  if (node.spec.Text("auto_pad", "NOTSET") != "NOTSET" || node.outputs.size() != 1) return false;
  if (node.Is("Conv")) return true;
  if (node.spec.Int("ceil_mode", 0) != 0) return false;
  return node.Is("MaxPool") || (node.Is("AveragePool") && node.spec.Int("count_include_pad", 0) != 0);
}

// What Pad pads with; nullopt where it is not known.
std::optional<double> PadValue(const Graph& graph, const Node& pad) {
  if (graph.opset() < 11) {
    const auto* value = pad.spec.Find<float>("value");
    return value != nullptr ? *value : 0.0;
  }
  return pad.Has(2) ? ScalarOf(graph, pad, 2) : 0.0;
}

// The pads of height and width, as Conv has them: all befores, then all afters.
std::optional<Ints> SpatialPads(const Graph& graph, const Node& pad) {
  const auto pads = NumbersOf(graph, pad, 1, "pads");
  if (!pads || pads->size() < 6 || pad.Has(3) || pad.spec.Text("mode", "constant") != "constant")
    return std::nullopt;
  const size_t rank = pads->size() / 2;
  Ints spatial;
  for (size_t i = 0; i < pads->size(); ++i) {
    if ((*pads)[i] < 0 || (*pads)[i] > INT32_MAX || (i % rank < 2 && (*pads)[i] != 0)) return std::nullopt;
    if (i % rank >= 2) spatial.push_back((*pads)[i]);
  }
  return spatial;
}

}  // namespace

Result<int> FoldPad(Graph& graph) {
  return RewriteEach(graph, [&](NodeId id) -> Result<bool> {
    const Node& node = graph.node(id);
    if (!node.Has(0) || !TakesPads(node) || graph.OnlyReader(node.inputs[0]) != id) return false;
    const Node* pad = graph.Producer(node.inputs[0]);
    if (pad == nullptr || !pad->Is("Pad")) return false;
    const std::optional<double> value = PadValue(graph, *pad);
    const bool fits = value && (node.Is("MaxPool") ? std::isinf(*value) && *value < 0 : *value == 0);
    std::optional<Ints> pads = SpatialPads(graph, *pad);
    if (!fits || !pads) return false;
    if (const auto* own = node.spec.Find<Ints>("pads")) {
      const auto is_usual = [](int64_t each) { return each >= 0 && each < INT32_MAX; };
      if (own->size() != pads->size() || !std::ranges::all_of(*own, is_usual)) return false;
      for (size_t i = 0; i < own->size(); ++i) (*pads)[i] += (*own)[i];
    }
    graph.SetInput(id, 0, pad->inputs[0]);
    SetAttribute(graph.node(id), "pads", *std::move(pads));
    return true;
  });
}

}  // namespace segforge::simplify
