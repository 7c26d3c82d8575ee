// Moves of axes, and what changes a map's size or joins maps.
#include <algorithm>
#include <array>

#include "onnx/exporter.h"

namespace segforge {
namespace {

// Heads are split off tokens, and merged to tokens.
ExportedValue Reshape(Exporter& exporter, const Node& node) {
  const bool is_split = exporter.FormOf(node.inputs[0]) != Form::kOwn;
  DimShape shape = node.as<ReshapeAttrs>().shape;
  if (!is_split) shape = {shape[0], shape[1] * shape[2], shape[3]};
  const std::string x = exporter.As(is_split ? Form::kTokens : Form::kOwn, node.inputs[0]);
  return {is_split ? Form::kOwn : Form::kTokens,
          exporter.Add("Reshape", node.name, {x, exporter.Numbers(exporter.ReshapeSizes(shape))})};
}

ExportedValue Transpose(Exporter& exporter, const Node& node) {
  const std::vector<int>& given = node.as<TransposeAttrs>().permutation;
  std::vector<int64_t> permutation(given.begin(), given.end());
  if (exporter.IsReadTransposed(exporter.current()))
    std::iter_swap(permutation.end() - 1, permutation.end() - 2);
  return {Form::kOwn, exporter.Add("Transpose", node.name, {exporter.As(Form::kOwn, node.inputs[0])},
                                   {{"perm", std::move(permutation)}})};
}

ExportedValue Concat(Exporter& exporter, const Node& node) {
  std::vector<std::string> maps;
  for (const NodeId input : node.inputs) maps.push_back(exporter.As(Form::kMap, input));
  return {Form::kMap, exporter.Add("Concat", node.name, std::move(maps), {{"axis", int64_t{1}}})};
}

ExportedValue ResizeBilinear(Exporter& exporter, const Node& node) {
  const auto& to = node.as<ResizeAttrs>();
  return {Form::kMap, exporter.Resized(node.name, node.inputs[0], to.height, to.width)};
}

ExportedValue UpsampleSum(Exporter& exporter, const Node& node) {
  const bool has_relu = node.as<UpsampleSumAttrs>().activation == Activation::kRelu;
  SEGFORGE_CHECK(has_relu || node.as<UpsampleSumAttrs>().activation == Activation::kNone);
  const DimShape& shape = node.type.shape;
  std::string sum = exporter.As(Form::kMap, node.inputs[0]);
  for (size_t i = 1; i < node.inputs.size(); ++i) {
    const bool is_last = i + 1 == node.inputs.size() && !has_relu;
    const std::string map =
        exporter.Resized(fmt::format("{}.resize{}", node.name, i), node.inputs[i], shape[1], shape[2]);
    sum = exporter.Add("Add", is_last ? node.name : fmt::format("{}.add{}", node.name, i), {sum, map});
  }
  if (has_relu) sum = exporter.Add("Relu", node.name, {sum});
  return {Form::kMap, std::move(sum)};
}

constexpr std::array<ExportRow, 5> kRows = {{{Op::kReshape, Reshape},
                                             {Op::kTranspose, Transpose},
                                             {Op::kConcat, Concat},
                                             {Op::kResizeBilinear, ResizeBilinear},
                                             {Op::kUpsampleSum, UpsampleSum}}};

}  // namespace

std::span<const ExportRow> ArrangementExports() { return kRows; }

}  // namespace segforge
