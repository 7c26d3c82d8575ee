// What is computed number by number, and along the channels.
#include <array>
#include <numbers>

#include "onnx/exporter.h"

namespace segforge {
namespace {

// In the form that x was made in.
ExportedValue Relu(Exporter& exporter, const Node& node) {
  const Form form = exporter.FormOf(node.inputs[0]);
  return {form, exporter.Add("Relu", node.name, {exporter.As(form, node.inputs[0])})};
}

// x * Phi(x), of which opsets before 20 have the error function only.
ExportedValue Gelu(Exporter& exporter, const Node& node) {
  const Form form = exporter.FormOf(node.inputs[0]);
  const std::string x = exporter.As(form, node.inputs[0]);
  const std::string& name = node.name;
  if (exporter.opset() >= kGeluOpset) return {form, exporter.Add("Gelu", name, {x})};
  const std::string scaled =
      exporter.Add("Div", name + ".scaled", {x, exporter.Scalar("sqrt_two", std::numbers::sqrt2_v<float>)});
  const std::string erf = exporter.Add("Erf", name + ".erf", {scaled});
  const std::string twice_phi = exporter.Add("Add", name + ".twice_phi", {erf, exporter.Scalar("one", 1)});
  const std::string product = exporter.Add("Mul", name + ".product", {x, twice_phi});
  return {form, exporter.Add("Mul", name, {product, exporter.Scalar("half", 0.5f)})};
}

ExportedValue Softmax(Exporter& exporter, const Node& node) {
  const std::string x = exporter.As(Form::kOwn, node.inputs[0]);
  return {Form::kOwn, exporter.Add("Softmax", node.name, {x}, {{"axis", int64_t{-1}}})};
}

ExportedValue Add(Exporter& exporter, const Node& node) {
  const Form form = exporter.FormOf(node.inputs[0]);
  return {form, exporter.Add("Add", node.name,
                             {exporter.As(form, node.inputs[0]), exporter.As(form, node.inputs[1])})};
}

// By one number: attention's scale.
ExportedValue Mul(Exporter& exporter, const Node& node) {
  const Tensor* factor = exporter.graph().ConstantInput(node, 1);
  SEGFORGE_CHECK(factor != nullptr && factor->shape().elems() == 1);
  const std::string scalar =
      exporter.Scalar(exporter.graph().node(node.inputs[1]).name, factor->span<float>()[0]);
  const Form form = exporter.FormOf(node.inputs[0]);
  return {form, exporter.Add("Mul", node.name, {exporter.As(form, node.inputs[0]), scalar})};
}

constexpr std::array<ExportRow, 5> kRows = {
    {{Op::kRelu, Relu}, {Op::kGelu, Gelu}, {Op::kSoftmax, Softmax}, {Op::kAdd, Add}, {Op::kMul, Mul}}};

}  // namespace

std::span<const ExportRow> ElementwiseExports() { return kRows; }

}  // namespace segforge
