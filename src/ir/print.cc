#include <fmt/ranges.h>

#include "ir/graph.h"
#include "ir/print_attributes.h"

namespace segforge {
namespace {

std::string_view NameOf(Activation activation) {
  switch (activation) {
    case Activation::kNone:
      return "none";
    case Activation::kRelu:
      return "relu";
    case Activation::kGelu:
      return "gelu";
  }
  return "";
}

struct AttributesText {
  std::string operator()(const NoAttrs&) const { return ""; }
  std::string operator()(const Conv2dAttrs& a) const {
    return fmt::format("stride {}, pad {}", a.stride, a.pad);
  }
  std::string operator()(const LayerNormAttrs& a) const { return fmt::format("eps {}", a.eps); }
  std::string operator()(const BatchNormAttrs& a) const { return fmt::format("eps {}", a.eps); }
  std::string operator()(const MatMulAttrs& a) const { return a.transpose_b ? "transpose_b" : ""; }
  std::string operator()(const ReshapeAttrs& a) const { return ToString(a.shape); }
  std::string operator()(const TransposeAttrs& a) const {
    return fmt::format("{}", fmt::join(a.permutation, " "));
  }
  std::string operator()(const ResizeAttrs& a) const {
    return fmt::format("{} x {}", a.height.ToString(), a.width.ToString());
  }
  std::string operator()(const LinearEpilogueAttrs& a) const {
    return fmt::format("{}{}activation {}", a.has_bias ? "bias, " : "", a.has_residual ? "residual, " : "",
                       NameOf(a.activation));
  }
  std::string operator()(const AttentionAttrs& a) const {
    return fmt::format("heads {}, scale {}", a.heads, a.scale);
  }
  std::string operator()(const MixFfnAttrs& a) const { return fmt::format("eps {}", a.eps); }
  std::string operator()(const UpsampleSumAttrs& a) const {
    return fmt::format("activation {}", NameOf(a.activation));
  }
  std::string operator()(const CastAttrs& a) const { return fmt::format("to {}", NameOf(a.to)); }
};

// Nothing for fp32, so that graphs that have no other read as they always did.
std::string PrecisionText(Precision precision) {
  return precision == Precision::kFp32 ? "" : fmt::format(" {}", NameOf(precision));
}

std::string PrintNode(NodeId id, const Node& node) {
  std::vector<std::string> inputs;
  for (NodeId input : node.inputs) inputs.push_back(fmt::format("%{}", input));
  const std::string attributes = ToString(node.attributes);
  return fmt::format("%{} = {}({}){}{} : {}{}  # {}\n", id, NameOf(node.op), fmt::join(inputs, ", "),
                     attributes.empty() ? "" : fmt::format(" {{{}}}", attributes),
                     PrecisionText(node.precision), NameOf(node.type.dtype), ToString(node.type.shape),
                     node.name);
}

}  // namespace

std::string ToString(const Attributes& attributes) { return std::visit(AttributesText(), attributes); }

std::string Print(const Graph& graph) {
  std::string text;
  for (NodeId id : graph.LiveNodes()) text += PrintNode(id, graph.node(id));
  for (const GraphOutput& output : graph.outputs())
    text += fmt::format("output {} = %{}\n", output.name, output.value);
  return text;
}

}  // namespace segforge
