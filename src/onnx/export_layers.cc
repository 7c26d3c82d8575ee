// Convolutions, products and norms.
#include <array>

#include "onnx/exporter.h"
#include "onnx/known_value.h"

namespace segforge {
namespace {

using Ints = std::vector<int64_t>;

std::shared_ptr<const Tensor> Share(Tensor tensor) {
  return std::make_shared<const Tensor>(std::move(tensor));
}

std::string AddMoved(Exporter& exporter, NodeId constant, std::initializer_list<int64_t> permutation) {
  const Node& node = exporter.graph().node(constant);
  return exporter.AddWeight(node.name, Share(Permuted(node.constant->view(), Ints(permutation))));
}

// The same numbers, as a weight of another shape.
std::string AddShaped(Exporter& exporter, const std::string& name, const Tensor& tensor, const Shape& shape) {
  return exporter.AddWeight(name, Share(Tensor::From<float>(shape, tensor.span<float>())));
}

std::vector<OnnxAttribute> ConvAttributes(int64_t kernel, int64_t groups, const Conv2dAttrs& attributes) {
  const int64_t stride = attributes.stride, pad = attributes.pad;
  return {{"dilations", Ints{1, 1}},
          {"group", groups},
          {"kernel_shape", Ints{kernel, kernel}},
          {"pads", Ints{pad, pad, pad, pad}},
          {"strides", Ints{stride, stride}}};
}

ExportedValue Conv2d(Exporter& exporter, const Node& node) {
  const std::string x = exporter.As(Form::kMap, node.inputs[0]);
  const int64_t kernel = exporter.graph().ConstantInput(node, 1)->shape()[1];
  const std::string weight = AddMoved(exporter, node.inputs[1], {0, 3, 1, 2});
  const std::string bias = exporter.AddConstant(node.inputs[2]);
  return {Form::kMap, exporter.Add("Conv", node.name, {x, weight, bias},
                                   ConvAttributes(kernel, 1, node.as<Conv2dAttrs>()))};
}

ExportedValue DepthwiseConv2d(Exporter& exporter, const Node& node) {
  const std::string x = exporter.As(Form::kMap, node.inputs[0]);
  const Node& constant = exporter.graph().node(node.inputs[1]);
  const Tensor moved = Permuted(constant.constant->view(), Ints{2, 0, 1});
  const int64_t channels = moved.shape()[0], kernel = moved.shape()[1];
  const std::string weight =
      AddShaped(exporter, constant.name, moved, {channels, 1, kernel, moved.shape()[2]});
  const std::string bias = exporter.AddConstant(node.inputs[2]);
  return {Form::kMap, exporter.Add("Conv", node.name, {x, weight, bias},
                                   ConvAttributes(kernel, channels, node.as<Conv2dAttrs>()))};
}

// On a map a convolution of 1 x 1, as the head has it.
ExportedValue PointwiseConv(Exporter& exporter, const Node& node) {
  const Node& constant = exporter.graph().node(node.inputs[1]);
  const Shape& shape = constant.constant->shape();
  std::vector<std::string> inputs = {
      exporter.As(Form::kMap, node.inputs[0]),
      AddShaped(exporter, constant.name, *constant.constant, {shape[0], shape[1], 1, 1})};
  if (node.inputs.size() > 2) inputs.push_back(exporter.AddConstant(node.inputs[2]));
  return {Form::kMap, exporter.Add("Conv", node.name, std::move(inputs), ConvAttributes(1, 1, {}))};
}

ExportedValue Linear(Exporter& exporter, const Node& node) {
  if (exporter.FormOf(node.inputs[0]) == Form::kMap) return PointwiseConv(exporter, node);
  const bool has_bias = node.inputs.size() > 2;
  const std::string x = exporter.As(Form::kTokens, node.inputs[0]);
  const std::string weight = AddMoved(exporter, node.inputs[1], {1, 0});
  std::string y = exporter.Add("MatMul", has_bias ? node.name + ".product" : node.name, {x, weight});
  if (has_bias) y = exporter.Add("Add", node.name, {y, exporter.AddConstant(node.inputs[2])});
  return {Form::kTokens, std::move(y)};
}

ExportedValue MatMul(Exporter& exporter, const Node& node) {
  SEGFORGE_CHECK(node.as<MatMulAttrs>().transpose_b == exporter.IsReadTransposed(node.inputs[1]));
  return {Form::kOwn,
          exporter.Add("MatMul", node.name,
                       {exporter.As(Form::kOwn, node.inputs[0]), exporter.As(Form::kOwn, node.inputs[1])})};
}

// (x - mean) / sqrt(mean((x - mean)^2) + eps) * gamma + beta
std::string LayerNormInParts(Exporter& exporter, const Node& node, const std::string& x,
                             const std::string& gamma, const std::string& beta) {
  const std::string& name = node.name;
  const float eps = node.as<LayerNormAttrs>().eps;
  const std::vector<OnnxAttribute> over_channels = {{"axes", Ints{-1}}, {"keepdims", int64_t{1}}};
  const std::string mean = exporter.Add("ReduceMean", name + ".mean", {x}, over_channels);
  const std::string centred = exporter.Add("Sub", name + ".centred", {x, mean});
  const std::string squares = exporter.Add("Pow", name + ".squares", {centred, exporter.Scalar("two", 2)});
  const std::string variance = exporter.Add("ReduceMean", name + ".variance", {squares}, over_channels);
  const std::string above_zero = exporter.Add("Add", name + ".variance_eps",
                                              {variance, exporter.Scalar(fmt::format("eps_{}", eps), eps)});
  const std::string deviation = exporter.Add("Sqrt", name + ".deviation", {above_zero});
  const std::string normal = exporter.Add("Div", name + ".normal", {centred, deviation});
  const std::string scaled = exporter.Add("Mul", name + ".scaled", {normal, gamma});
  return exporter.Add("Add", name, {scaled, beta});
}

ExportedValue LayerNorm(Exporter& exporter, const Node& node) {
  const std::string x = exporter.As(Form::kTokens, node.inputs[0]);
  const std::string gamma = exporter.AddConstant(node.inputs[1]);
  const std::string beta = exporter.AddConstant(node.inputs[2]);
  if (exporter.opset() < kLayerNormOpset)
    return {Form::kTokens, LayerNormInParts(exporter, node, x, gamma, beta)};
  return {Form::kTokens, exporter.Add("LayerNormalization", node.name, {x, gamma, beta},
                                      {{"axis", int64_t{-1}}, {"epsilon", node.as<LayerNormAttrs>().eps}})};
}

ExportedValue BatchNorm(Exporter& exporter, const Node& node) {
  std::vector<std::string> inputs = {exporter.As(Form::kMap, node.inputs[0])};
  for (size_t i = 1; i < node.inputs.size(); ++i) inputs.push_back(exporter.AddConstant(node.inputs[i]));
  return {Form::kMap, exporter.Add("BatchNormalization", node.name, std::move(inputs),
                                   {{"epsilon", node.as<BatchNormAttrs>().eps}})};
}

constexpr std::array<ExportRow, 6> kRows = {{{Op::kConv2d, Conv2d},
                                             {Op::kDepthwiseConv2d, DepthwiseConv2d},
                                             {Op::kLinear, Linear},
                                             {Op::kMatMul, MatMul},
                                             {Op::kLayerNorm, LayerNorm},
                                             {Op::kBatchNorm, BatchNorm}}};

}  // namespace

std::span<const ExportRow> LayerExports() { return kRows; }

}  // namespace segforge
