#include "onnx/simplify/fold_affine.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "onnx/simplify/numbers.h"
#include "onnx/simplify/rewrite.h"

namespace segforge::simplify {
namespace {

using Doubles = std::vector<double>;

// y[c] = scale[c] * x[c] + shift[c]
struct Affine {
  Doubles scale, shift;
  ValueId x = kNone;
};

// A product with constant weights, whose output has the channels at an axis.
struct Product {
  NodeId id = kNone;
  ConstTensorView weight;
  Doubles bias;  // of every channel; zeros where there is none
  bool has_bias = false;
  int64_t channels = 0;
  size_t axis = 1;  // of the output
  size_t rank = 0;
  int64_t inner = 1;  // elements of the weights from one channel to the next
};

std::optional<Product> MatchWeights(const Graph& graph, const Node& node) {
  const KnownValue* weight = graph.Constant(node, 1);
  if (weight == nullptr || !IsFloat(weight->view.dtype) || graph.DimsOf(node, 0) == nullptr)
    return std::nullopt;
  const Shape& shape = weight->view.shape;
  Product product;
  product.weight = weight->view;
  product.rank = graph.DimsOf(node, 0)->size();
  if (node.Is("Conv") && shape.rank() >= 3) {
    product.channels = shape[0];
    product.inner = shape[0] == 0 ? 0 : shape.elems() / shape[0];
  } else if (node.Is("ConvTranspose") && shape.rank() >= 3 && node.spec.Int("group", 1) == 1) {
    product.channels = shape[1];
    product.inner = shape[0] * shape[1] == 0 ? 0 : shape.elems() / (shape[0] * shape[1]);
  } else if (node.Is("Gemm") && shape.rank() == 2) {
    const auto* alpha = node.spec.Find<float>("alpha");
    const auto* beta = node.spec.Find<float>("beta");
    if ((alpha != nullptr && *alpha != 1) || (beta != nullptr && *beta != 1)) return std::nullopt;
    const bool is_transposed = node.spec.Int("transB", 0) != 0;
    product.channels = shape[is_transposed ? 0 : 1];
    product.inner = is_transposed ? shape[1] : 1;
  } else if (node.Is("MatMul") && shape.rank() == 2 && product.rank >= 2) {
    product.channels = shape[1];
    product.axis = product.rank - 1;
  } else {
    return std::nullopt;
  }
  return product;
}

std::optional<Product> MatchProduct(const Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  std::optional<Product> product = MatchWeights(graph, node);
  if (!product || product->channels == 0 || product->inner == 0) return std::nullopt;
  product->id = id;
  product->has_bias = !node.Is("MatMul") && node.Has(2);
  product->bias.assign(static_cast<size_t>(product->channels), 0.0);
  if (!product->has_bias) return product;
  const std::optional<Doubles> bias =
      PerChannel(graph, node, 2, node.Is("Gemm") ? 1 : 0, node.Is("Gemm") ? 2 : 1, product->channels);
  if (!bias) return std::nullopt;
  product->bias = *bias;
  return product;
}

std::optional<Affine> MatchBatchNorm(const Graph& graph, const Node& node, int64_t channels) {
  if (!node.Is("BatchNormalization") || node.outputs.size() != 1 || node.inputs.size() != 5)
    return std::nullopt;
  if (node.spec.Int("training_mode", 0) != 0 || node.spec.Int("spatial", 1) == 0) return std::nullopt;
  std::array<Doubles, 4> parts;
  for (size_t i = 0; i < parts.size(); ++i) {
    const std::optional<Doubles> values = FloatsOf(graph, node, i + 1);
    if (!values || values->size() != static_cast<size_t>(channels)) return std::nullopt;
    parts[i] = *values;
  }
  const auto& [gamma, beta, mean, variance] = parts;
  const auto* eps = node.spec.Find<float>("epsilon");
  Affine affine = {gamma, beta, node.inputs[0]};
  for (size_t i = 0; i < gamma.size(); ++i) {
    affine.scale[i] = gamma[i] / std::sqrt(variance[i] + static_cast<double>(eps != nullptr ? *eps : 1e-5f));
    affine.shift[i] = beta[i] - mean[i] * affine.scale[i];
  }
  return affine;
}

std::optional<Affine> MatchArithmetic(const Graph& graph, const Node& node, const Product& product) {
  const bool scales = node.Is("Mul") || node.Is("Div"), shifts = node.Is("Add") || node.Is("Sub");
  if ((!scales && !shifts) || node.inputs.size() != 2) return std::nullopt;
  const bool commutes = node.Is("Mul") || node.Is("Add");
  for (const size_t side : {size_t{1}, size_t{0}}) {
    if (side == 0 && !commutes) break;
    std::optional<Doubles> c = PerChannel(graph, node, side, product.axis, product.rank, product.channels);
    if (!c) continue;
    const auto count = static_cast<size_t>(product.channels);
    Affine affine = {Doubles(count, 1.0), Doubles(count, 0.0), node.inputs[1 - side]};
    for (size_t i = 0; i < count; ++i) {
      const double number = (*c)[i];
      if (scales) affine.scale[i] = node.Is("Mul") ? number : 1 / number;
      if (shifts) affine.shift[i] = node.Is("Add") ? number : -number;
      if (!std::isfinite(affine.scale[i]) || !std::isfinite(affine.shift[i])) return std::nullopt;
    }
    return affine;
  }
  return std::nullopt;
}

// The product that `reader` alone reads, and what it does to it.
std::optional<std::pair<Product, Affine>> MatchAt(const Graph& graph, NodeId reader) {
  const Node& node = graph.node(reader);
  for (const ValueId input : node.inputs) {
    const NodeId id = graph.ProducerId(input);
    if (id == kNone || graph.OnlyReader(input) != reader) continue;
    const std::optional<Product> product = MatchProduct(graph, id);
    if (!product) continue;
    std::optional<Affine> affine = MatchBatchNorm(graph, node, product->channels);
    if (affine && product->axis != 1) affine.reset();
    if (!affine) affine = MatchArithmetic(graph, node, *product);
    if (affine && affine->x == input) return std::pair(*product, *affine);
  }
  return std::nullopt;
}

// nullopt where the type does not hold a value.
std::optional<KnownValue> Narrowed(const Doubles& values, const Shape& shape, DType dtype) {
  KnownValue narrowed = FloatConstant(dtype, shape, values);
  const auto is_finite = [](double value) { return std::isfinite(value); };
  if (!std::ranges::all_of(ReadNumbers<double>(narrowed.view), is_finite)) return std::nullopt;
  return narrowed;
}

std::optional<KnownValue> ScaledWeight(const Product& product, const Doubles& scale) {
  Doubles values = ReadNumbers<double>(product.weight);
  for (size_t i = 0; i < values.size(); ++i)
    values[i] *= scale[i / static_cast<size_t>(product.inner) % static_cast<size_t>(product.channels)];
  return Narrowed(values, product.weight.shape, product.weight.dtype);
}

bool Rewrite(Graph& graph, NodeId reader, const Product& product, const Affine& affine) {
  const Node& node = graph.node(product.id);
  std::vector<ValueId> inputs = {node.inputs[0], node.inputs[1]};
  Doubles bias = product.bias;
  for (size_t i = 0; i < bias.size(); ++i) bias[i] = bias[i] * affine.scale[i] + affine.shift[i];
  std::optional<KnownValue> new_bias = Narrowed(bias, Shape{product.channels}, product.weight.dtype);
  if (!new_bias) return false;
  if (std::ranges::any_of(affine.scale, [](double scale) { return scale != 1; })) {
    std::optional<KnownValue> weight = ScaledWeight(product, affine.scale);
    if (!weight) return false;
    inputs[1] = graph.AddConstant(graph.value(inputs[1]).name, *std::move(weight));
  }
  std::string op = node.spec.op;
  if (product.has_bias || std::ranges::any_of(affine.shift, [](double shift) { return shift != 0; })) {
    const std::string like = product.has_bias ? graph.value(node.inputs[2]).name
                                              : graph.value(graph.node(reader).outputs[0]).name + ".bias";
    inputs.push_back(graph.AddConstant(like, *std::move(new_bias)));
    if (op == "MatMul") op = "Gemm";
  }
  graph.Become(reader, std::move(op), std::move(inputs), node.spec.attributes);
  return true;
}

}  // namespace

Result<int> FoldAffine(Graph& graph) {
  return RewriteEach(graph, [&](NodeId id) -> Result<bool> {
    const auto match = MatchAt(graph, id);
    if (!match) return false;
    const auto& [product, affine] = *match;
    const bool shifts = std::ranges::any_of(affine.shift, [](double shift) { return shift != 0; });
    const bool is_matmul = graph.node(product.id).Is("MatMul");
    if (is_matmul && shifts && product.rank != 2) return false;
    return Rewrite(graph, id, product, affine);
  });
}

}  // namespace segforge::simplify
