// Operators that keep the shape of their first input, and those that pair elements up.
#include <array>

#include "onnx/simplify/infer.h"

namespace segforge::simplify {
namespace {

Type InputType(const NodeView& view, size_t input) {
  const Sizes* dims = view.dims(input);
  return {view.dtype(input), dims != nullptr ? std::optional(*dims) : std::nullopt};
}

Result<Types> LikeFirst(const NodeView& view) { return Types{InputType(view, 0)}; }

Result<std::optional<Sizes>> BroadcastAll(const NodeView& view) {
  std::optional<Sizes> result = Sizes();
  for (size_t i = 0; i < view.inputs(); ++i) {
    if (view.dims(i) == nullptr) return std::optional<Sizes>();
    SEGFORGE_ASSIGN_OR_RETURN(result, Broadcast(*result, *view.dims(i), view));
  }
  return result;
}

Result<Types> OverAll(const NodeView& view) {
  Type type = {view.dtype(0), std::nullopt};
  SEGFORGE_ASSIGN_OR_RETURN(type.dims, BroadcastAll(view));
  return Types{type};
}

Status CheckPair(const NodeView& view) {
  if (view.inputs() == 2 && view.Has(1)) return Status();
  return InvalidInput("expected 2 inputs, got {}", view.inputs());
}

Result<Types> Paired(const NodeView& view) {
  SEGFORGE_RETURN_IF_ERROR(CheckPair(view));
  return OverAll(view);
}

Result<Types> Compared(const NodeView& view) {
  SEGFORGE_RETURN_IF_ERROR(CheckPair(view));
  Type type = {DType::kBool, std::nullopt};
  SEGFORGE_ASSIGN_OR_RETURN(type.dims, BroadcastAll(view));
  return Types{type};
}

Result<Types> Where(const NodeView& view) {
  Type type = {view.dtype(1), std::nullopt};
  SEGFORGE_ASSIGN_OR_RETURN(type.dims, BroadcastAll(view));
  return Types{type};
}

Result<Types> Tested(const NodeView& view) {
  Type type = InputType(view, 0);
  type.dtype = DType::kBool;
  return Types{type};
}

Result<Types> Dropout(const NodeView& view) {
  Type mask = InputType(view, 0);
  if (view.opset() >= 10) mask.dtype = DType::kBool;
  return Types{InputType(view, 0), mask};
}

Result<Types> Cast(const NodeView& view) {
  Type type = InputType(view, 0);
  const Result<DType> to = OnnxDType(static_cast<int32_t>(view.spec().Int("to", 0)));
  type.dtype = to.ok() ? std::optional(*to) : std::nullopt;
  return Types{type};
}

Result<Types> Dequantize(const NodeView& view) {
  Type type = InputType(view, 0);
  type.dtype = view.dtype(1);
  return Types{type};
}

Result<Types> Quantize(const NodeView& view) {
  Type type = InputType(view, 0);
  type.dtype = view.Has(2) ? view.dtype(2) : std::optional(DType::kU8);
  if (view.spec().Int("output_dtype", 0) != 0) type.dtype.reset();
  return Types{type};
}

constexpr auto kRows = std::to_array<InferenceRow>({
    {"Abs", LikeFirst},
    {"Acos", LikeFirst},
    {"Asin", LikeFirst},
    {"Atan", LikeFirst},
    {"BatchNormalization", LikeFirst},
    {"Ceil", LikeFirst},
    {"Celu", LikeFirst},
    {"Clip", LikeFirst},
    {"Cos", LikeFirst},
    {"CumSum", LikeFirst},
    {"Elu", LikeFirst},
    {"Erf", LikeFirst},
    {"Exp", LikeFirst},
    {"Floor", LikeFirst},
    {"Gelu", LikeFirst},
    {"GroupNormalization", LikeFirst},
    {"HardSigmoid", LikeFirst},
    {"HardSwish", LikeFirst},
    {"Hardmax", LikeFirst},
    {"Identity", LikeFirst},
    {"InstanceNormalization", LikeFirst},
    {"LRN", LikeFirst},
    {"LayerNormalization", LikeFirst},
    {"LeakyRelu", LikeFirst},
    {"Log", LikeFirst},
    {"LogSoftmax", LikeFirst},
    {"LpNormalization", LikeFirst},
    {"MeanVarianceNormalization", LikeFirst},
    {"Mish", LikeFirst},
    {"Neg", LikeFirst},
    {"Not", LikeFirst},
    {"PRelu", LikeFirst},
    {"Reciprocal", LikeFirst},
    {"Relu", LikeFirst},
    {"Round", LikeFirst},
    {"ScatterElements", LikeFirst},
    {"ScatterND", LikeFirst},
    {"Selu", LikeFirst},
    {"Shrink", LikeFirst},
    {"Sigmoid", LikeFirst},
    {"Sign", LikeFirst},
    {"Sin", LikeFirst},
    {"Softmax", LikeFirst},
    {"Softplus", LikeFirst},
    {"Softsign", LikeFirst},
    {"Sqrt", LikeFirst},
    {"Tan", LikeFirst},
    {"Tanh", LikeFirst},
    {"ThresholdedRelu", LikeFirst},
    {"Trilu", LikeFirst},
    {"Add", Paired},
    {"Div", Paired},
    {"Max", OverAll},
    {"Mean", OverAll},
    {"Min", OverAll},
    {"Mod", Paired},
    {"Mul", Paired},
    {"Pow", Paired},
    {"Sub", Paired},
    {"Sum", OverAll},
    {"And", Compared},
    {"Equal", Compared},
    {"Greater", Compared},
    {"GreaterOrEqual", Compared},
    {"Less", Compared},
    {"LessOrEqual", Compared},
    {"Or", Compared},
    {"Xor", Compared},
    {"Where", Where},
    {"IsInf", Tested},
    {"IsNaN", Tested},
    {"Dropout", Dropout},
    {"Cast", Cast},
    {"DequantizeLinear", Dequantize},
    {"QuantizeLinear", Quantize},
});

}  // namespace

std::span<const InferenceRow> ElementwiseInferences() { return kRows; }

}  // namespace segforge::simplify
