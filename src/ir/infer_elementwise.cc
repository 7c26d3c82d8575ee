#include "ir/infer.h"

namespace segforge {
namespace {

// Parameters such as gamma and beta: one number a channel of x.
Status ExpectPerChannel(InferInputs inputs, std::initializer_list<std::string_view> names) {
  const DimShape& x = inputs[0]->type.shape;
  if (x.empty()) return InvalidInput("x: expected at least 1 axis, got a scalar");
  size_t index = 1;
  for (std::string_view name : names) {
    SEGFORGE_RETURN_IF_ERROR(ExpectShape(name, inputs[index++]->type.shape, {x.back()}));
  }
  return Status();
}

}  // namespace

Result<ValueType> InferUnary(InferInputs inputs, const Attributes&) { return inputs[0]->type; }

Result<ValueType> InferCast(InferInputs inputs, const Attributes& attributes) {
  const DType to = std::get<CastAttrs>(attributes).to;
  if (!IsFloat(to)) return InvalidInput("to: expected a float type, got {}", NameOf(to));
  return inputs[0]->type;
}

// b has the shape of a, but may lack leading axes and have 1 in place of others.
Result<ValueType> InferBinary(InferInputs inputs, const Attributes&) {
  const DimShape& a = inputs[0]->type.shape;
  const DimShape& b = inputs[1]->type.shape;
  bool fits = b.size() <= a.size();
  for (size_t i = 1; fits && i <= b.size(); ++i) {
    fits = b[b.size() - i] == a[a.size() - i] || b[b.size() - i] == Dim(1);
  }
  if (!fits)
    return InvalidInput("b: expected a shape that broadcasts to a {}, got {}", ToString(a), ToString(b));
  return inputs[0]->type;
}

Result<ValueType> InferLayerNorm(InferInputs inputs, const Attributes&) {
  SEGFORGE_RETURN_IF_ERROR(ExpectPerChannel(inputs, {"gamma", "beta"}));
  return inputs[0]->type;
}

Result<ValueType> InferBatchNorm(InferInputs inputs, const Attributes&) {
  SEGFORGE_RETURN_IF_ERROR(ExpectPerChannel(inputs, {"gamma", "beta", "mean", "variance"}));
  return inputs[0]->type;
}

}  // namespace segforge
