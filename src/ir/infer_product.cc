#include <algorithm>

#include "ir/infer.h"

namespace segforge {
namespace {

Status CheckConvAttrs(const Conv2dAttrs& attrs) {
  if (attrs.stride < 1) return InvalidInput("stride: expected at least 1, got {}", attrs.stride);
  if (attrs.pad < 0) return InvalidInput("pad: expected at least 0, got {}", attrs.pad);
  return Status();
}

// x [.., Ci] against w [Co, Ci] and, where there is one, b [Co].
Result<ValueType> InferLinearOf(const Node& x, const Node& weight, const Node* bias) {
  const DimShape& w = weight.type.shape;
  SEGFORGE_RETURN_IF_ERROR(ExpectRank("weight", w, 2));
  ValueType type = x.type;
  if (type.shape.empty() || !(type.shape.back() == w[1])) {
    return InvalidInput("weight {} needs x [.., {}], got {}", ToString(w), w[1].ToString(),
                        ToString(type.shape));
  }
  if (bias != nullptr) SEGFORGE_RETURN_IF_ERROR(ExpectShape("bias", bias->type.shape, {w[0]}));
  type.shape.back() = w[0];
  return type;
}

}  // namespace

Result<ValueType> InferConv2d(InferInputs inputs, const Attributes& attributes) {
  const auto& attrs = std::get<Conv2dAttrs>(attributes);
  SEGFORGE_RETURN_IF_ERROR(CheckConvAttrs(attrs));
  ValueType type = inputs[0]->type;
  const DimShape& w = inputs[1]->type.shape;
  SEGFORGE_RETURN_IF_ERROR(ExpectRank("x", type.shape, 4));
  SEGFORGE_RETURN_IF_ERROR(ExpectRank("weight", w, 4));
  if (!w[1].is_constant() || !w[2].is_constant())
    return InvalidInput("weight {}: expected a known kernel size", ToString(w));
  if (!(type.shape[3] == w[3])) {
    return InvalidInput("weight {} needs x [.., {}], got {}", ToString(w), w[3].ToString(),
                        ToString(type.shape));
  }
  SEGFORGE_RETURN_IF_ERROR(ExpectShape("bias", inputs[2]->type.shape, {w[0]}));
  for (size_t axis : {1, 2}) {
    const Dim size = ConvOutput(type.shape[axis], w[axis].constant(), attrs.stride, attrs.pad);
    if (size.is_constant() && size.constant() < 1) {
      return InvalidInput("x {} with pad {} is smaller than the kernel of weight {}",
                          ToString(inputs[0]->type.shape), attrs.pad, ToString(w));
    }
    type.shape[axis] = size;
  }
  type.shape[3] = w[0];
  return type;
}

Result<ValueType> InferPatchLinear(InferInputs inputs, const Attributes& attributes) {
  const auto& attrs = std::get<Conv2dAttrs>(attributes);
  const DimShape& w = inputs[1]->type.shape;
  SEGFORGE_RETURN_IF_ERROR(ExpectRank("weight", w, 4));
  if (!(w[1] == Dim(attrs.stride)) || !(w[2] == Dim(attrs.stride)) || attrs.pad != 0) {
    return InvalidInput("weight {}: expected a kernel equal to stride {} and pad 0, got pad {}", ToString(w),
                        attrs.stride, attrs.pad);
  }
  return InferConv2d(inputs, attributes);
}

Result<ValueType> InferDepthwiseConv2d(InferInputs inputs, const Attributes& attributes) {
  const auto& attrs = std::get<Conv2dAttrs>(attributes);
  const ValueType& type = inputs[0]->type;
  const DimShape& w = inputs[1]->type.shape;
  SEGFORGE_RETURN_IF_ERROR(ExpectRank("x", type.shape, 4));
  SEGFORGE_RETURN_IF_ERROR(ExpectRank("weight", w, 3));
  if (!(w[2] == type.shape[3])) {
    return InvalidInput("weight {} needs x [.., {}], got {}", ToString(w), w[2].ToString(),
                        ToString(type.shape));
  }
  SEGFORGE_RETURN_IF_ERROR(ExpectShape("bias", inputs[2]->type.shape, {w[2]}));
  const Dim kernel = 2 * attrs.pad + 1;
  if (attrs.stride != 1 || attrs.pad < 0 || !(w[0] == kernel) || !(w[1] == kernel)) {
    return InvalidInput(
        "weight {} with stride {} and pad {}: expected the output to be as large as the input", ToString(w),
        attrs.stride, attrs.pad);
  }
  return type;
}

Result<ValueType> InferLinear(InferInputs inputs, const Attributes&) {
  return InferLinearOf(*inputs[0], *inputs[1], inputs.size() > 2 ? inputs[2] : nullptr);
}

Result<ValueType> InferLinearEpilogue(InferInputs inputs, const Attributes& attributes) {
  const auto& attrs = std::get<LinearEpilogueAttrs>(attributes);
  const size_t expected = 2 + (attrs.has_bias ? 1 : 0) + (attrs.has_residual ? 1 : 0);
  if (inputs.size() != expected) return InvalidInput("expected {} inputs, got {}", expected, inputs.size());
  SEGFORGE_ASSIGN_OR_RETURN(ValueType type,
                            InferLinearOf(*inputs[0], *inputs[1], attrs.has_bias ? inputs[2] : nullptr));
  if (attrs.has_residual)
    SEGFORGE_RETURN_IF_ERROR(ExpectShape("residual", inputs.back()->type.shape, type.shape));
  return type;
}

Result<ValueType> InferMatMul(InferInputs inputs, const Attributes& attributes) {
  const bool transpose_b = std::get<MatMulAttrs>(attributes).transpose_b;
  ValueType type = inputs[0]->type;
  const DimShape& a = inputs[0]->type.shape;
  const DimShape& b = inputs[1]->type.shape;
  const size_t rank = a.size();
  bool fits = rank >= 2 && b.size() == rank && std::equal(a.begin(), a.end() - 2, b.begin());
  fits = fits && b[transpose_b ? rank - 1 : rank - 2] == a.back();
  if (!fits) {
    return InvalidInput("a {} does not multiply b {}{}", ToString(a), ToString(b),
                        transpose_b ? " transposed" : "");
  }
  type.shape.back() = b[transpose_b ? rank - 2 : rank - 1];
  return type;
}

Result<ValueType> InferAttention(InferInputs inputs, const Attributes& attributes) {
  const auto& attrs = std::get<AttentionAttrs>(attributes);
  const DimShape& q = inputs[0]->type.shape;
  const DimShape& kv = inputs[1]->type.shape;
  SEGFORGE_RETURN_IF_ERROR(ExpectRank("q", q, 4));
  SEGFORGE_RETURN_IF_ERROR(ExpectRank("kv", kv, 4));
  if (!(kv[0] == q[0]) || !(kv[3] == q[3] * 2)) {
    return InvalidInput("kv: expected [{}, .., .., {}], got {}", q[0].ToString(), (q[3] * 2).ToString(),
                        ToString(kv));
  }
  if (attrs.heads < 1 || !q[3].is_constant() || q[3].constant() % attrs.heads != 0) {
    return InvalidInput("heads: expected a divisor of {} channels, got {}", q[3].ToString(), attrs.heads);
  }
  return inputs[0]->type;
}

Result<ValueType> InferMixFfn(InferInputs inputs, const Attributes&) {
  static constexpr std::string_view kNames[] = {"x", "gamma", "beta", "w1", "b1", "wd", "bd", "w2", "b2"};
  const ValueType& type = inputs[0]->type;
  SEGFORGE_RETURN_IF_ERROR(ExpectRank("x", type.shape, 4));
  SEGFORGE_RETURN_IF_ERROR(ExpectRank("w1", inputs[3]->type.shape, 2));
  const Dim c = type.shape[3];
  const Dim f = inputs[3]->type.shape[0];
  const DimShape expected[] = {type.shape, {c}, {c}, {f, c}, {f}, {3, 3, f}, {f}, {c, f}, {c}};
  for (size_t i = 1; i < inputs.size(); ++i) {
    SEGFORGE_RETURN_IF_ERROR(ExpectShape(kNames[i], inputs[i]->type.shape, expected[i]));
  }
  return type;
}

Result<ValueType> InferDecodeHead(InferInputs inputs, const Attributes&) {
  static constexpr std::string_view kNames[] = {"x", "w1", "b1", "w2", "b2"};
  ValueType type = inputs[0]->type;
  SEGFORGE_RETURN_IF_ERROR(ExpectRank("x", type.shape, 4));
  SEGFORGE_RETURN_IF_ERROR(ExpectRank("w1", inputs[1]->type.shape, 2));
  SEGFORGE_RETURN_IF_ERROR(ExpectRank("w2", inputs[3]->type.shape, 2));
  const Dim d = inputs[1]->type.shape[0], k = inputs[3]->type.shape[0];
  const DimShape expected[] = {type.shape, {d, type.shape[3]}, {d}, {k, d}, {k}};
  for (size_t i = 1; i < std::size(expected); ++i) {
    SEGFORGE_RETURN_IF_ERROR(ExpectShape(kNames[i], inputs[i]->type.shape, expected[i]));
  }
  for (size_t i = std::size(expected); i < inputs.size(); ++i) {
    SEGFORGE_RETURN_IF_ERROR(ExpectMap(i, inputs[i]->type.shape, type.shape[0], d));
  }
  type.shape[3] = k;
  return type;
}

}  // namespace segforge
