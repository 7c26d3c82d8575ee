#include "onnx/known_value.h"

#include <array>
#include <cmath>
#include <cstring>

namespace segforge {
namespace {

constexpr int64_t kMaxSmallElems = 4096;
constexpr double kBeyondAnySize = 1e18;

template <typename T>
std::vector<double> Widened(const ConstTensorView& view) {
  std::vector<double> values;
  for (int64_t i = 0; i < view.shape.elems(); ++i) {
    T value;  // the file need not align it
    std::memcpy(&value, static_cast<const std::byte*>(view.data) + i * static_cast<int64_t>(sizeof(T)),
                sizeof(T));
    values.push_back(static_cast<double>(value));
  }
  return values;
}

}  // namespace

KnownValue KnownValue::Of(Tensor tensor) {
  auto owner = std::make_shared<const Tensor>(std::move(tensor));
  return {owner->view(), owner};
}

KnownValue KnownValue::Of(const std::vector<int64_t>& numbers) {
  return Of(Tensor::From<int64_t>({static_cast<int64_t>(numbers.size())}, std::span(numbers)));
}

Result<std::vector<double>> SmallValues(const KnownValue& constant) {
  const ConstTensorView& view = constant.view;
  if (view.shape.elems() > kMaxSmallElems)
    return Unsupported("{} elements in shape arithmetic; at most {}", view.shape.elems(), kMaxSmallElems);
  switch (view.dtype) {
    case DType::kI64:
      return Widened<int64_t>(view);
    case DType::kI32:
      return Widened<int32_t>(view);
    case DType::kBool:
    case DType::kU8:
      return Widened<uint8_t>(view);
    case DType::kF64:
      return Widened<double>(view);
    default:
      break;
  }
  const Tensor floats = ToFloat32(view);
  return std::vector<double>(floats.span<float>().begin(), floats.span<float>().end());
}

Result<std::vector<int64_t>> WholeNumbers(const KnownValue& constant) {
  if (IsFloat(constant.view.dtype))
    return InvalidInput("expected whole numbers, got {}", NameOf(constant.view.dtype));
  SEGFORGE_ASSIGN_OR_RETURN(const std::vector<double> values, SmallValues(constant));
  std::vector<int64_t> numbers;
  numbers.reserve(values.size());
  for (const double value : values)
    numbers.push_back(static_cast<int64_t>(std::clamp(value, -kBeyondAnySize, kBeyondAnySize)));
  return numbers;
}

std::optional<double> ScalarOf(const KnownValue& constant) {
  if (constant.view.shape.elems() != 1) return std::nullopt;
  const Result<std::vector<double>> values = SmallValues(constant);
  return values.ok() ? std::optional(values->front()) : std::nullopt;
}

Tensor Permuted(const ConstTensorView& source, std::span<const int64_t> permutation) {
  const Tensor from = ToFloat32(source);
  const auto rank = permutation.size();
  std::vector<int64_t> sizes(rank), strides(rank);
  for (size_t i = 0; i < rank; ++i) {
    int64_t stride = 1;
    for (int axis = static_cast<int>(permutation[i]) + 1; axis < from.shape().rank(); ++axis)
      stride *= from.shape()[axis];
    sizes[i] = from.shape()[static_cast<int>(permutation[i])];
    strides[i] = stride;
  }
  Tensor to(DType::kF32, Shape(sizes));
  const float* values = from.span<float>().data();
  std::vector<int64_t> at(rank, 0);
  for (float& value : to.span<float>()) {
    int64_t offset = 0;
    for (size_t i = 0; i < rank; ++i) offset += at[i] * strides[i];
    value = values[offset];
    for (size_t i = rank; i-- > 0;) {
      if (++at[i] < sizes[i]) break;
      at[i] = 0;
    }
  }
  return to;
}

std::optional<KnownValue> ConstantOf(const OnnxNode& node) {
  if (const auto* tensor = node.Find<ConstTensorView>("value")) return KnownValue{*tensor, nullptr};
  if (const auto* number = node.Find<int64_t>("value_int"))
    return KnownValue::Of(Tensor::From<int64_t>({}, std::span(number, 1)));
  if (const auto* numbers = node.Find<std::vector<int64_t>>("value_ints")) return KnownValue::Of(*numbers);
  if (const auto* number = node.Find<float>("value_float"))
    return KnownValue::Of(Tensor::From<float>({}, std::span(number, 1)));
  if (const auto* numbers = node.Find<std::vector<float>>("value_floats")) {
    const Shape shape = {static_cast<int64_t>(numbers->size())};
    return KnownValue::Of(Tensor::From<float>(shape, std::span(*numbers)));
  }
  return std::nullopt;
}

}  // namespace segforge
