// Moves of axes, which cost nothing, and what changes a map's size or joins maps.
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "onnx/translator.h"

namespace segforge {
namespace {

using Ints = std::vector<int64_t>;

Result<OnnxValue> Reshaped(MapValue x, const Ints& shape) {
  SEGFORGE_ASSIGN_OR_RETURN(x.layout, x.layout.Reshaped(shape));
  return OnnxValue(std::move(x));
}

int64_t Product(const Ints& sizes) {
  int64_t product = 1;
  for (const int64_t size : sizes) product *= size;
  return product;
}

// With 0 (the size of x at that place) and -1 (what is left) as ONNX has them.
Result<Ints> ResolveShape(const Ints& wanted, const Ints& x, bool zero_is_size) {
  Ints shape = wanted;
  const int64_t elems = Product(x);
  int64_t known = 1;
  auto free = shape.end();
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 0 && zero_is_size && i < x.size()) shape[i] = x[i];
    if (shape[i] == -1 && free == shape.end()) {
      free = shape.begin() + static_cast<std::ptrdiff_t>(i);
      continue;
    }
    if (shape[i] < 1 || shape[i] > elems / known) {
      return InvalidInput("shape [{}] of x [{}]: expected as many elements", fmt::join(wanted, ", "),
                          fmt::join(x, ", "));
    }
    known *= shape[i];
  }
  if (free != shape.end()) *free = elems / known;
  return shape;
}

Result<OnnxValue> Reshape(Translator& translator, const OnnxNode& node) {
  SEGFORGE_ASSIGN_OR_RETURN(MapValue x, translator.MapInput(node, 0));
  SEGFORGE_ASSIGN_OR_RETURN(const Ints wanted, translator.WholeNumbersOf(node, 1, "shape"));
  SEGFORGE_ASSIGN_OR_RETURN(const Ints shape,
                            ResolveShape(wanted, x.layout.SeenShape(), node.Int("allowzero", 0) == 0));
  return Reshaped(std::move(x), shape);
}

Result<OnnxValue> Flatten(Translator& translator, const OnnxNode& node) {
  SEGFORGE_ASSIGN_OR_RETURN(MapValue x, translator.MapInput(node, 0));
  const Ints sizes = x.layout.SeenShape();
  const int64_t given = node.Int("axis", 1), axis = given < 0 ? given + x.layout.rank() : given;
  if (axis < 0 || axis > x.layout.rank()) return InvalidInput("axis {} of {}", given, x.layout.rank());
  return Reshaped(std::move(x), {Product({sizes.begin(), sizes.begin() + axis}),
                                 Product({sizes.begin() + axis, sizes.end()})});
}

Result<OnnxValue> Squeeze(Translator& translator, const OnnxNode& node) {
  SEGFORGE_ASSIGN_OR_RETURN(const OnnxValue* value, translator.Input(node, 0));
  if (std::holds_alternative<LabelMap>(*value)) return *value;
  SEGFORGE_ASSIGN_OR_RETURN(MapValue x, translator.MapInput(node, 0));
  SEGFORGE_ASSIGN_OR_RETURN(const Ints axes, translator.WholeNumbersOf(node, 1, "axes"));
  const Ints sizes = x.layout.SeenShape();
  Ints shape;
  for (int64_t i = 0; i < x.layout.rank(); ++i) {
    const bool named = std::ranges::find(axes, i) != axes.end() ||
                       std::ranges::find(axes, i - x.layout.rank()) != axes.end();
    const int64_t size = sizes[static_cast<size_t>(i)];
    if (named && size != 1) return InvalidInput("axis {} has {} elements", i, size);
    if (!named && !(axes.empty() && size == 1)) shape.push_back(size);
  }
  return Reshaped(std::move(x), shape);
}

Result<OnnxValue> Unsqueeze(Translator& translator, const OnnxNode& node) {
  SEGFORGE_ASSIGN_OR_RETURN(MapValue x, translator.MapInput(node, 0));
  SEGFORGE_ASSIGN_OR_RETURN(const Ints axes, translator.WholeNumbersOf(node, 1, "axes"));
  const Ints sizes = x.layout.SeenShape();
  const auto rank = static_cast<int64_t>(sizes.size() + axes.size());
  Ints shape;
  size_t next = 0;
  for (int64_t i = 0; i < rank; ++i) {
    const bool is_new =
        std::ranges::find(axes, i) != axes.end() || std::ranges::find(axes, i - rank) != axes.end();
    if (!is_new && next == sizes.size()) return InvalidInput("axes [{}]", fmt::join(axes, ", "));
    shape.push_back(is_new ? 1 : sizes[next++]);
  }
  return Reshaped(std::move(x), shape);
}

// Weights too are transposed, where the exporter left that to be done.
Result<OnnxValue> Transpose(Translator& translator, const OnnxNode& node) {
  const auto* given = node.Find<Ints>("perm");
  if (given == nullptr) return Unsupported("expected a perm");
  if (const KnownValue* weights = translator.ConstantInput(node, 0)) {
    if (weights->view.shape.rank() != 2 || *given != Ints{1, 0})
      return Unsupported("expected weights [Co, Ci]");
    return OnnxValue(KnownValue::Of(Permuted(weights->view, *given)));
  }
  SEGFORGE_ASSIGN_OR_RETURN(MapValue x, translator.MapInput(node, 0));
  SEGFORGE_ASSIGN_OR_RETURN(x.layout, x.layout.Transposed(*given));
  return OnnxValue(std::move(x));
}

Result<OnnxValue> ShapeOf(Translator& translator, const OnnxNode& node) {
  SEGFORGE_ASSIGN_OR_RETURN(const OnnxValue* value, translator.Input(node, 0));
  Ints sizes;
  if (const auto* map = std::get_if<MapValue>(value)) {
    sizes = map->layout.SeenShape();
  } else if (const auto* constant = std::get_if<KnownValue>(value)) {
    sizes = {constant->view.shape.dims().begin(), constant->view.shape.dims().end()};
  } else {
    return Unsupported("the shape of labels");
  }
  const auto rank = static_cast<int64_t>(sizes.size());
  const auto bounded = [&](int64_t at) { return std::clamp<int64_t>(at < 0 ? at + rank : at, 0, rank); };
  const int64_t start = bounded(node.Int("start", 0)), end = std::max(start, bounded(node.Int("end", rank)));
  return OnnxValue(KnownValue::Of(Ints(sizes.begin() + start, sizes.begin() + end)));
}

// What changes no number that matters: casts between floats, dropout, copies.
Result<OnnxValue> Same(Translator& translator, const OnnxNode& node) {
  SEGFORGE_ASSIGN_OR_RETURN(const OnnxValue* value, translator.Input(node, 0));
  return *value;
}

Result<OnnxValue> Cast(Translator& translator, const OnnxNode& node) {
  SEGFORGE_ASSIGN_OR_RETURN(const OnnxValue* value, translator.Input(node, 0));
  constexpr std::array<int64_t, 4> kFloats = {1, 10, 11, 16};
  const bool to_float = std::ranges::find(kFloats, node.Int("to", 0)) != kFloats.end();
  if (std::holds_alternative<LabelMap>(*value) == to_float)
    return Unsupported("a cast between floats and labels");
  return *value;
}

Result<OnnxValue> Concat(Translator& translator, const OnnxNode& node) {
  MapValue result;
  std::vector<NodeId> nodes;
  int64_t channels = 0;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    SEGFORGE_ASSIGN_OR_RETURN(MapValue x, translator.MapInput(node, i));
    SEGFORGE_ASSIGN_OR_RETURN(x, translator.Settled(std::move(x), node));
    if (!x.layout.IsChannels(node.Int("axis", 0)))
      return Unsupported("expected maps joined along the channels");
    channels += x.layout.SizeOf(x.layout.stored().back());
    const AxisLayout alike = x.layout.WithChannels(1);
    if (i == 0) result.layout = alike;
    if (alike.Pieces() != result.layout.Pieces())
      return Unsupported("input {} is arranged unlike the first", i);
    nodes.push_back(x.node);
  }
  if (nodes.empty()) return InvalidInput("it has no inputs");
  SEGFORGE_ASSIGN_OR_RETURN(result.node, translator.Add(Op::kConcat, node, std::move(nodes)));
  result.layout = result.layout.WithChannels(channels);
  return OnnxValue(std::move(result));
}

// The size that Resize gives an [N,C,H,W] map, from its sizes or its scales.
Result<Ints> ResizedTo(const Translator& translator, const OnnxNode& node, const Ints& x) {
  SEGFORGE_ASSIGN_OR_RETURN(Ints sizes, translator.WholeNumbersOf(node, 3, ""));
  const KnownValue* scales = translator.ConstantInput(node, 2);
  if (sizes.empty() && scales != nullptr) {
    SEGFORGE_ASSIGN_OR_RETURN(const std::vector<double> factors, SmallValues(*scales));
    for (size_t i = 0; i < factors.size() && i < x.size(); ++i) {
      const double size = std::floor(static_cast<double>(x[i]) * factors[i]);
      sizes.push_back(size >= 1 && size < 1e9 ? static_cast<int64_t>(size) : 0);
    }
  }
  const bool fits =
      sizes.size() == 4 && sizes[0] == x[0] && sizes[1] == x[1] && sizes[2] >= 1 && sizes[3] >= 1;
  if (!fits) return Unsupported("expected another height and width alone, got [{}]", fmt::join(sizes, ", "));
  return sizes;
}

Result<OnnxValue> Resize(Translator& translator, const OnnxNode& node) {
  SEGFORGE_ASSIGN_OR_RETURN(MapValue x, translator.MapInput(node, 0));
  SEGFORGE_ASSIGN_OR_RETURN(x, translator.Settled(std::move(x), node));
  const std::string rule = node.Text("coordinate_transformation_mode", "half_pixel");
  const bool fits = node.Text("mode", "nearest") == "linear" && node.Int("antialias", 0) == 0 &&
                    node.Int("exclude_outside", 0) == 0 &&
                    (rule == "half_pixel" || rule == "pytorch_half_pixel");
  if (!fits) return Unsupported("expected mode linear with half_pixel coordinates and no antialiasing");
  if (!x.layout.IsChannelsFirst() || node.Find<Ints>("axes") != nullptr)
    return Unsupported("expected a map [N,C,H,W]");
  SEGFORGE_ASSIGN_OR_RETURN(const Ints to, ResizedTo(translator, node, x.layout.SeenShape()));
  if (to == x.layout.SeenShape()) return OnnxValue(std::move(x));
  if (to[2] > INT32_MAX / to[3]) return Unsupported("a map of {} x {}", to[2], to[3]);
  SEGFORGE_ASSIGN_OR_RETURN(x.node,
                            translator.Add(Op::kResizeBilinear, node, {x.node}, ResizeAttrs{to[2], to[3]}));
  const std::array<int64_t, 4> stored = {to[0], to[2], to[3], to[1]};
  SEGFORGE_ASSIGN_OR_RETURN(x.layout, AxisLayout(stored).Transposed(std::array<int64_t, 4>{0, 3, 1, 2}));
  return OnnxValue(std::move(x));
}

// Part i of a product's channels is the product by rows i of its weights: how fused keys and values are told
// apart.
Result<OnnxValue> Gather(Translator& translator, const OnnxNode& node) {
  SEGFORGE_ASSIGN_OR_RETURN(MapValue x, translator.MapInput(node, 0));
  SEGFORGE_ASSIGN_OR_RETURN(const Ints indices, translator.WholeNumbersOf(node, 1, ""));
  const int64_t given = node.Int("axis", 0), axis = given < 0 ? given + x.layout.rank() : given;
  if (axis < 0 || axis >= x.layout.rank()) return InvalidInput("axis {} of {}", given, x.layout.rank());
  const AxisLayout::Axis seen = x.layout.seen()[static_cast<size_t>(axis)];
  const AxisLayout::Axis channels = x.layout.stored().back();
  const Node product = translator.graph().node(x.node);
  const int64_t parts = x.layout.SizeOf(seen);
  const bool fits = product.op == Op::kLinear && seen.size() == 1 && channels.size() > 1 &&
                    seen[0] == channels[0] && indices.size() == 1 && indices[0] >= -parts &&
                    indices[0] < parts && translator.ConstantInput(node, 1)->view.shape.rank() == 0;
  if (!fits) return Unsupported("expected a part of a product's channels");
  const int64_t part = indices[0] < 0 ? indices[0] + parts : indices[0];
  std::vector<NodeId> inputs = {product.inputs[0]};
  for (size_t i = 1; i < product.inputs.size(); ++i) {
    const Tensor& whole = *translator.graph().node(product.inputs[i]).constant;
    Ints shape = {whole.shape().dims().begin(), whole.shape().dims().end()};
    shape[0] /= parts;
    const auto elems = static_cast<size_t>(Product(shape));
    inputs.push_back(translator.AddConstant(
        node, Tensor::From<float>(Shape(shape),
                                  whole.span<float>().subspan(static_cast<size_t>(part) * elems, elems))));
  }
  SEGFORGE_ASSIGN_OR_RETURN(x.node, translator.Add(Op::kLinear, node, std::move(inputs)));
  std::vector<AxisLayout::Axis> stored = x.layout.stored(), rest = x.layout.seen();
  stored.back().erase(stored.back().begin());
  rest.erase(rest.begin() + axis);
  x.layout = x.layout.StoredAs(std::move(stored)).SeenAs(std::move(rest));
  return OnnxValue(std::move(x));
}

Result<OnnxValue> ArgMax(Translator& translator, const OnnxNode& node) {
  SEGFORGE_ASSIGN_OR_RETURN(const MapValue x, translator.MapInput(node, 0));
  if (!x.layout.IsChannels(node.Int("axis", 0)) || x.factor <= 0 || node.Int("select_last_index", 0) != 0)
    return Unsupported("expected the first greatest one of the channels");
  return OnnxValue(LabelMap{x.node});
}

constexpr std::array<TranslationRow, 13> kRows = {{{"Reshape", Reshape},
                                                   {"Flatten", Flatten},
                                                   {"Squeeze", Squeeze},
                                                   {"Unsqueeze", Unsqueeze},
                                                   {"Transpose", Transpose},
                                                   {"Shape", ShapeOf},
                                                   {"Identity", Same},
                                                   {"Dropout", Same},
                                                   {"Cast", Cast},
                                                   {"Concat", Concat},
                                                   {"Resize", Resize},
                                                   {"Gather", Gather},
                                                   {"ArgMax", ArgMax}}};

}  // namespace

std::span<const TranslationRow> ArrangementTranslations() { return kRows; }

}  // namespace segforge
