// Rewrites an ONNX graph, node by node, as a graph of ours at one input size.
#pragma once

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "ir/graph.h"
#include "onnx/axis_layout.h"
#include "onnx/known_value.h"

namespace segforge {

// A computed value. `factor` is a number that it is still to be multiplied by: scale factors ride along,
// through products, until something reads the numbers themselves. So where a network scales makes no
// difference.
struct MapValue {
  NodeId node = 0;
  AxisLayout layout;
  double factor = 1;
};
struct LabelMap {
  NodeId scores = 0;  // what the argmax over classes is taken of
};
using OnnxValue = std::variant<KnownValue, MapValue, LabelMap>;

class Translator {
 public:
  explicit Translator(const OnnxFile& model) : model_(model) {}

  // Takes the model's one image input, [N,3,H,W] or [N,H,W,3], at that size, then every node. Afterwards
  // graph() has the first output's value as its only output.
  Status Run(const InputSize& size);
  Graph& graph() { return graph_; }

  // What translations of single operators are made of; they fail where the value is not of that kind.
  int64_t opset() const { return model_.opset; }
  bool Has(const OnnxNode& node, size_t index) const;
  Result<const OnnxValue*> Input(const OnnxNode& node, size_t index) const;
  Result<MapValue> MapInput(const OnnxNode& node, size_t index) const;
  const KnownValue* ConstantInput(const OnnxNode& node, size_t index) const;  // null for what is computed
  // Whole numbers from the input of that index, or where there is none from the attribute; empty without
  // either.
  Result<std::vector<int64_t>> WholeNumbersOf(const OnnxNode& node, size_t index,
                                              std::string_view attribute) const;

  Result<NodeId> Add(Op op, const OnnxNode& node, std::vector<NodeId> inputs,
                     Attributes attributes = NoAttrs());
  NodeId AddConstant(const OnnxNode& node, Tensor tensor);
  Result<MapValue> Settled(MapValue map, const OnnxNode& node);  // with the factor multiplied in
  Result<MapValue> ChannelsLast(MapValue map,
                                const OnnxNode& node);  // stored as [.., C] in the order that is seen
  // Stored as these axes, in the order that is seen: a Reshape, a Transpose and a Reshape, as far as each is
  // needed.
  Result<MapValue> Arranged(MapValue map, std::vector<AxisLayout::Axis> axes, const OnnxNode& node);

 private:
  Status AddImage(const InputSize& size);
  Status Translate(const OnnxNode& node);
  Result<OnnxValue> TranslateOne(const OnnxNode& node);
  Status SetOutput();

  const OnnxFile& model_;
  Graph graph_;
  std::map<std::string, OnnxValue, std::less<>> values_;
  InputSize size_;
};

using Translation = Result<OnnxValue> (*)(Translator& translator, const OnnxNode& node);
struct TranslationRow {
  std::string_view op;
  Translation translate;
};
// One table a file: products and norms; number by number; moves of axes.
std::span<const TranslationRow> LayerTranslations();
std::span<const TranslationRow> ElementwiseTranslations();
std::span<const TranslationRow> ArrangementTranslations();

}  // namespace segforge
