// Convolutions, products and norms.
#include <algorithm>
#include <array>

#include "onnx/translator.h"

namespace segforge {
namespace {

using Ints = std::vector<int64_t>;

bool AllEqual(const Ints& values, int64_t value) {
  return std::ranges::all_of(values, [&](int64_t each) { return each == value; });
}

Result<Conv2dAttrs> ReadConvAttributes(const OnnxNode& node) {
  const auto list = [&](std::string_view name, const Ints& otherwise) {
    const auto* found = node.Find<Ints>(name);
    return found != nullptr ? *found : otherwise;
  };
  const Ints strides = list("strides", {1, 1}), pads = list("pads", {0, 0, 0, 0});
  const bool fits = strides.size() == 2 && pads.size() == 4 && strides[0] >= 1 && pads[0] >= 0 &&
                    AllEqual(strides, strides[0]) && AllEqual(pads, pads[0]) &&
                    AllEqual(list("dilations", {1, 1}), 1) && node.Text("auto_pad", "NOTSET") == "NOTSET";
  if (!fits) return Unsupported("expected one stride, one padding, no dilation and no auto_pad");
  return Conv2dAttrs{.stride = strides[0], .pad = pads[0]};
}

Result<const KnownValue*> Weights(const Translator& translator, const OnnxNode& node, size_t index,
                                  int rank) {
  const KnownValue* weights = translator.ConstantInput(node, index);
  if (weights == nullptr) return Unsupported("input {}: expected known weights", index);
  if (weights->view.shape.rank() != rank || weights->view.shape.elems() == 0) {
    return InvalidInput("input {}: expected {} axes, got {}", index, rank, ToString(weights->view.shape));
  }
  return weights;
}

// A convolution of 1 x 1 is a Linear, as every family has it in its head.
Result<NodeId> PointwiseConv(Translator& translator, const OnnxNode& node, const KnownValue& w, NodeId x) {
  const Tensor values = ToFloat32(w.view);
  Tensor weight = Tensor::From<float>({w.view.shape[0], w.view.shape[1]}, values.span<float>());
  std::vector<NodeId> inputs = {x, translator.AddConstant(node, std::move(weight))};
  if (translator.Has(node, 2)) {
    SEGFORGE_ASSIGN_OR_RETURN(const KnownValue* bias, Weights(translator, node, 2, 1));
    inputs.push_back(translator.AddConstant(node, ToFloat32(bias->view)));
  }
  return translator.Add(Op::kLinear, node, std::move(inputs));
}

// x, w [Co, Ci/groups, kh, kw], b [Co]
Result<OnnxValue> Conv(Translator& translator, const OnnxNode& node) {
  SEGFORGE_ASSIGN_OR_RETURN(MapValue x, translator.MapInput(node, 0));
  SEGFORGE_ASSIGN_OR_RETURN(x, translator.Settled(std::move(x), node));
  SEGFORGE_ASSIGN_OR_RETURN(const KnownValue* w, Weights(translator, node, 1, 4));
  SEGFORGE_ASSIGN_OR_RETURN(const Conv2dAttrs attributes, ReadConvAttributes(node));
  if (!x.layout.IsChannelsFirst()) return Unsupported("expected a map [N,C,H,W]");
  const Shape& shape = w->view.shape;
  const int64_t groups = node.Int("group", 1);
  NodeId result = 0;
  if (groups == 1 && shape[2] == 1 && shape[3] == 1 && attributes == Conv2dAttrs{.stride = 1, .pad = 0}) {
    SEGFORGE_ASSIGN_OR_RETURN(result, PointwiseConv(translator, node, *w, x.node));
  } else {
    const bool depthwise = groups == shape[0] && shape[1] == 1 && groups > 1;
    if (!depthwise && groups != 1) return Unsupported("{} groups of {} channels", groups, shape[0]);
    SEGFORGE_ASSIGN_OR_RETURN(const KnownValue* bias, Weights(translator, node, 2, 1));
    Tensor packed = depthwise ? Permuted(w->view, std::array<int64_t, 4>{1, 2, 3, 0})
                              : Permuted(w->view, std::array<int64_t, 4>{0, 2, 3, 1});
    if (depthwise)
      packed = Tensor::From<float>({shape[2], shape[3], shape[0]}, std::as_const(packed).span<float>());
    const NodeId weight = translator.AddConstant(node, std::move(packed));
    const NodeId added_bias = translator.AddConstant(node, ToFloat32(bias->view));
    SEGFORGE_ASSIGN_OR_RETURN(result, translator.Add(depthwise ? Op::kDepthwiseConv2d : Op::kConv2d, node,
                                                     {x.node, weight, added_bias}, attributes));
  }
  Ints sizes;
  for (const Dim& dim : translator.graph().node(result).type.shape) sizes.push_back(dim.constant());
  if (std::ranges::any_of(sizes, [](int64_t size) { return size < 1; }))
    return InvalidInput("the image is smaller than the kernel");
  SEGFORGE_ASSIGN_OR_RETURN(AxisLayout layout,
                            AxisLayout(sizes).Transposed(std::array<int64_t, 4>{0, 3, 1, 2}));
  return OnnxValue(MapValue{result, std::move(layout)});
}

// x [.., Ci] by w [Ci, Co]
Result<OnnxValue> Linear(Translator& translator, const OnnxNode& node, MapValue x) {
  SEGFORGE_ASSIGN_OR_RETURN(const KnownValue* w, Weights(translator, node, 1, 2));
  SEGFORGE_ASSIGN_OR_RETURN(x, translator.Settled(std::move(x), node));
  SEGFORGE_ASSIGN_OR_RETURN(x, translator.ChannelsLast(std::move(x), node));
  const NodeId weight = translator.AddConstant(node, Permuted(w->view, std::array<int64_t, 2>{1, 0}));
  SEGFORGE_ASSIGN_OR_RETURN(const NodeId product, translator.Add(Op::kLinear, node, {x.node, weight}));
  return OnnxValue(MapValue{product, x.layout.WithChannels(w->view.shape[1])});
}

// Whether the last axis is stored before the one before it, so that reading b transposed saves moving it.
bool IsBetterTransposed(const AxisLayout& b) {
  const std::vector<int> order = Flatten(b.stored());
  const auto place = [&](const AxisLayout::Axis& axis) { return std::ranges::find(order, axis.front()); };
  return place(b.seen().back()) < place(b.seen()[b.seen().size() - 2]);
}

Result<OnnxValue> MatMul(Translator& translator, const OnnxNode& node) {
  SEGFORGE_ASSIGN_OR_RETURN(MapValue a, translator.MapInput(node, 0));
  if (translator.ConstantInput(node, 1) != nullptr) return Linear(translator, node, std::move(a));
  SEGFORGE_ASSIGN_OR_RETURN(MapValue b, translator.MapInput(node, 1));
  if (a.layout.rank() < 2 || b.layout.rank() != a.layout.rank())
    return Unsupported("a product of {} by {} axes", a.layout.rank(), b.layout.rank());
  const AxisLayout b_seen = b.layout;
  const MatMulAttrs attributes = {.transpose_b = IsBetterTransposed(b_seen)};
  if (attributes.transpose_b) {
    std::vector<AxisLayout::Axis> axes = b.layout.seen();
    std::swap(axes[axes.size() - 1], axes[axes.size() - 2]);
    b.layout = b.layout.SeenAs(std::move(axes));
  }
  std::vector<AxisLayout::Axis> a_axes = a.layout.seen(), b_axes = b.layout.seen();
  SEGFORGE_ASSIGN_OR_RETURN(a, translator.Arranged(std::move(a), std::move(a_axes), node));
  SEGFORGE_ASSIGN_OR_RETURN(b, translator.Arranged(std::move(b), std::move(b_axes), node));
  SEGFORGE_ASSIGN_OR_RETURN(const NodeId product,
                            translator.Add(Op::kMatMul, node, {a.node, b.node}, attributes));
  return OnnxValue(MapValue{product, AxisLayout::OfProduct(a.layout, b_seen), a.factor * b.factor});
}

Result<OnnxValue> LayerNormalization(Translator& translator, const OnnxNode& node) {
  SEGFORGE_ASSIGN_OR_RETURN(MapValue x, translator.MapInput(node, 0));
  SEGFORGE_ASSIGN_OR_RETURN(x, translator.Settled(std::move(x), node));
  const int64_t axis = node.Int("axis", -1);
  if (axis != -1 && axis != x.layout.rank() - 1) return Unsupported("axis {}: expected the last one", axis);
  if (!x.layout.IsChannels(-1)) return Unsupported("expected the channels as the last axis");
  SEGFORGE_ASSIGN_OR_RETURN(const KnownValue* gamma, Weights(translator, node, 1, 1));
  Tensor beta(DType::kF32, gamma->view.shape);
  std::ranges::fill(beta.span<float>(), 0.0f);
  if (translator.Has(node, 2)) {
    SEGFORGE_ASSIGN_OR_RETURN(const KnownValue* given, Weights(translator, node, 2, 1));
    beta = ToFloat32(given->view);
  }
  const auto* eps = node.Find<float>("epsilon");
  const NodeId added_gamma = translator.AddConstant(node, ToFloat32(gamma->view));
  const NodeId added_beta = translator.AddConstant(node, std::move(beta));
  SEGFORGE_ASSIGN_OR_RETURN(x.node, translator.Add(Op::kLayerNorm, node, {x.node, added_gamma, added_beta},
                                                   LayerNormAttrs{eps != nullptr ? *eps : 1e-5f}));
  return OnnxValue(std::move(x));
}

Result<OnnxValue> BatchNormalization(Translator& translator, const OnnxNode& node) {
  SEGFORGE_ASSIGN_OR_RETURN(MapValue x, translator.MapInput(node, 0));
  SEGFORGE_ASSIGN_OR_RETURN(x, translator.Settled(std::move(x), node));
  if (!x.layout.IsChannels(1)) return Unsupported("expected the channels as the second axis");
  std::vector<NodeId> inputs = {x.node};
  for (size_t i = 1; i < 5; ++i) {
    SEGFORGE_ASSIGN_OR_RETURN(const KnownValue* parameter, Weights(translator, node, i, 1));
    inputs.push_back(translator.AddConstant(node, ToFloat32(parameter->view)));
  }
  const auto* eps = node.Find<float>("epsilon");
  SEGFORGE_ASSIGN_OR_RETURN(x.node, translator.Add(Op::kBatchNorm, node, std::move(inputs),
                                                   BatchNormAttrs{eps != nullptr ? *eps : 1e-5f}));
  return OnnxValue(std::move(x));
}

constexpr std::array<TranslationRow, 4> kRows = {{{"Conv", Conv},
                                                  {"MatMul", MatMul},
                                                  {"LayerNormalization", LayerNormalization},
                                                  {"BatchNormalization", BatchNormalization}}};

}  // namespace

std::span<const TranslationRow> LayerTranslations() { return kRows; }

}  // namespace segforge
