// What is computed number by number, and along the channels.
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "onnx/translator.h"

namespace segforge {
namespace {

template <Op kOp>
Result<OnnxValue> Unary(Translator& translator, const OnnxNode& node) {
  SEGFORGE_ASSIGN_OR_RETURN(MapValue x, translator.MapInput(node, 0));
  SEGFORGE_ASSIGN_OR_RETURN(x, translator.Settled(std::move(x), node));
  SEGFORGE_ASSIGN_OR_RETURN(x.node, translator.Add(kOp, node, {x.node}));
  return OnnxValue(std::move(x));
}

Result<OnnxValue> Gelu(Translator& translator, const OnnxNode& node) {
  if (node.Text("approximate", "none") != "none") return Unsupported("only the exact GELU is supported");
  return Unary<Op::kGelu>(translator, node);
}

Result<OnnxValue> Softmax(Translator& translator, const OnnxNode& node) {
  SEGFORGE_ASSIGN_OR_RETURN(MapValue x, translator.MapInput(node, 0));
  SEGFORGE_ASSIGN_OR_RETURN(x, translator.Settled(std::move(x), node));
  const int64_t axis = node.Int("axis", translator.opset() < 13 ? 1 : -1);
  // Before opset 13 all axes from `axis` on are one.
  const bool is_last = axis == -1 || axis == x.layout.rank() - 1;
  if (!x.layout.IsChannels(axis) || (translator.opset() < 13 && !is_last))
    return Unsupported("axis {}: expected the channels", axis);
  SEGFORGE_ASSIGN_OR_RETURN(x.node, translator.Add(Op::kSoftmax, node, {x.node}));
  return OnnxValue(std::move(x));
}

Result<OnnxValue> ReduceMean(Translator& translator, const OnnxNode& node) {
  SEGFORGE_ASSIGN_OR_RETURN(MapValue x, translator.MapInput(node, 0));
  SEGFORGE_ASSIGN_OR_RETURN(x, translator.Settled(std::move(x), node));
  SEGFORGE_ASSIGN_OR_RETURN(const std::vector<int64_t> axes, translator.WholeNumbersOf(node, 1, "axes"));
  if (axes.size() != 1 || !x.layout.IsChannels(axes[0]) || node.Int("keepdims", 1) != 1)
    return Unsupported("expected a mean over the channels that keeps its axis");
  SEGFORGE_ASSIGN_OR_RETURN(x.node, translator.Add(Op::kReduceMean, node, {x.node}));
  x.layout = x.layout.WithChannels(1);
  return OnnxValue(std::move(x));
}

// A constant with one size other than 1, at the channels, as [C].
Result<Tensor> PerChannel(const KnownValue& constant, const AxisLayout& layout) {
  const Shape& shape = constant.view.shape;
  int64_t axis = 0;
  int count = 0;
  for (int i = 0; i < shape.rank(); ++i) {
    if (shape[i] == 1) continue;
    axis = i + layout.rank() - shape.rank();
    ++count;
  }
  if (count != 1 || axis < 0 || !layout.IsChannels(axis)) {
    return Unsupported("a constant {} beside [{}]: expected one number a channel", ToString(shape),
                       fmt::join(layout.SeenShape(), ", "));
  }
  const Tensor values = ToFloat32(constant.view);
  return Tensor::From<float>({shape.elems()}, values.span<float>());
}

// A bias that follows a product is the product's own.
Result<NodeId> AddBias(Translator& translator, const OnnxNode& node, NodeId x, NodeId bias) {
  const Node product = translator.graph().node(x);
  if (product.op == Op::kLinear && product.inputs.size() == 2)
    return translator.Add(Op::kLinear, node, {product.inputs[0], product.inputs[1], bias});
  return translator.Add(Op::kAdd, node, {x, bias});
}

Result<OnnxValue> WithConstant(Translator& translator, const OnnxNode& node, Op op, MapValue x,
                               const KnownValue& constant) {
  const std::optional<double> scalar = ScalarOf(constant);
  if (scalar && op == Op::kMul) {
    x.factor *= *scalar;
    return OnnxValue(std::move(x));
  }
  if (scalar && op == Op::kDiv && *scalar != 0) {
    x.factor /= *scalar;
    return OnnxValue(std::move(x));
  }
  SEGFORGE_ASSIGN_OR_RETURN(x, translator.Settled(std::move(x), node));
  Tensor values(DType::kF32, {1});
  if (scalar) {
    values.span<float>()[0] = static_cast<float>(*scalar);
  } else {
    SEGFORGE_ASSIGN_OR_RETURN(values, PerChannel(constant, x.layout));
  }
  const NodeId added = translator.AddConstant(node, std::move(values));
  if (op == Op::kAdd && !scalar) {
    SEGFORGE_ASSIGN_OR_RETURN(x.node, AddBias(translator, node, x.node, added));
  } else {
    SEGFORGE_ASSIGN_OR_RETURN(x.node, translator.Add(op, node, {x.node, added}));
  }
  return OnnxValue(std::move(x));
}

// Whether each axis of b is arranged as a's, or has one element that serves them all.
bool PairUp(const AxisLayout& a, const AxisLayout& b) {
  if (a.rank() != b.rank() || a.stored().size() != b.stored().size()) return false;
  const auto pieces_a = a.Pieces(), pieces_b = b.Pieces();
  for (size_t i = 0; i < pieces_a.size(); ++i) {
    if (!pieces_b[i].empty() && pieces_b[i] != pieces_a[i]) return false;
  }
  return true;
}

template <Op kOp>
Result<OnnxValue> Binary(Translator& translator, const OnnxNode& node) {
  constexpr bool kCommutes = kOp == Op::kAdd || kOp == Op::kMul;
  OnnxNode ordered = node;
  if (kCommutes && translator.ConstantInput(node, 0) != nullptr)
    std::swap(ordered.inputs.at(0), ordered.inputs.at(1));
  SEGFORGE_ASSIGN_OR_RETURN(MapValue a, translator.MapInput(ordered, 0));
  if (const KnownValue* constant = translator.ConstantInput(ordered, 1))
    return WithConstant(translator, node, kOp, std::move(a), *constant);
  SEGFORGE_ASSIGN_OR_RETURN(MapValue b, translator.MapInput(ordered, 1));
  if (kCommutes && !PairUp(a.layout, b.layout)) std::swap(a, b);
  if (!PairUp(a.layout, b.layout)) return Unsupported("its inputs do not pair up element by element");
  const double factor = kOp == Op::kMul ? a.factor * b.factor : 1;
  if (kOp == Op::kMul) {
    a.factor = b.factor = 1;
  }
  SEGFORGE_ASSIGN_OR_RETURN(a, translator.Settled(std::move(a), node));
  SEGFORGE_ASSIGN_OR_RETURN(b, translator.Settled(std::move(b), node));
  SEGFORGE_ASSIGN_OR_RETURN(a.node, translator.Add(kOp, node, {a.node, b.node}));
  a.factor = factor;
  return OnnxValue(std::move(a));
}

constexpr std::array<TranslationRow, 11> kRows = {{{"Relu", Unary<Op::kRelu>},
                                                   {"Erf", Unary<Op::kErf>},
                                                   {"Sqrt", Unary<Op::kSqrt>},
                                                   {"Gelu", Gelu},
                                                   {"Softmax", Softmax},
                                                   {"ReduceMean", ReduceMean},
                                                   {"Add", Binary<Op::kAdd>},
                                                   {"Sub", Binary<Op::kSub>},
                                                   {"Mul", Binary<Op::kMul>},
                                                   {"Div", Binary<Op::kDiv>},
                                                   {"Pow", Binary<Op::kPow>}}};

}  // namespace

std::span<const TranslationRow> ElementwiseTranslations() { return kRows; }

}  // namespace segforge
