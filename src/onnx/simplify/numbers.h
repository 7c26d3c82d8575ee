// Elements of constants widened to compute with, and narrowed again.
#pragma once

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "base/tensor.h"

namespace segforge::simplify {

// Floating-point numbers as double, all others as int64.
template <typename Wide>
std::vector<Wide> ReadNumbers(const ConstTensorView& view) {
  std::vector<Wide> numbers(static_cast<size_t>(view.shape.elems()));
  const auto read = [&]<typename T>(T value, const auto& widen) {
    for (size_t i = 0; i < numbers.size(); ++i) {
      std::memcpy(&value, static_cast<const std::byte*>(view.data) + i * sizeof(T), sizeof(T));
      numbers[i] = static_cast<Wide>(widen(value));
    }
  };
  const auto same = [](auto value) { return value; };
  switch (view.dtype) {
    case DType::kF64:
      read(double(), same);
      break;
    case DType::kF32:
      read(float(), same);
      break;
    case DType::kF16:
      read(uint16_t(), FloatFromHalf);
      break;
    case DType::kBF16:
      read(uint16_t(), FloatFromBfloat16);
      break;
    case DType::kI64:
      read(int64_t(), same);
      break;
    case DType::kI32:
      read(int32_t(), same);
      break;
    case DType::kI16:
      read(int16_t(), same);
      break;
    case DType::kI8:
      read(int8_t(), [](int8_t value) { return static_cast<int>(value); });
      break;
    case DType::kU16:
      read(uint16_t(), same);
      break;
    case DType::kU8:
    case DType::kBool:
      read(uint8_t(), same);
      break;
  }
  return numbers;
}

// Rounds to the tensor's type; whole numbers wrap around, of booleans 0 alone is false.
template <typename Wide>
void WriteNumbers(const std::vector<Wide>& numbers, Tensor& to) {
  const auto write = [&]<typename T>(T, const auto& narrow) {
    auto* elements = static_cast<T*>(to.view().data);
    for (size_t i = 0; i < numbers.size(); ++i) elements[i] = static_cast<T>(narrow(numbers[i]));
  };
  const auto same = [](Wide value) { return value; };
  switch (to.dtype()) {
    case DType::kF64:
      return write(double(), same);
    case DType::kF32:
      return write(float(), same);
    case DType::kF16:
      return write(uint16_t(), [](Wide value) { return HalfFromFloat(static_cast<float>(value)); });
    case DType::kBF16:
      return write(uint16_t(), [](Wide value) { return Bfloat16FromFloat(static_cast<float>(value)); });
    case DType::kI64:
      return write(int64_t(), same);
    case DType::kI32:
      return write(int32_t(), same);
    case DType::kI16:
      return write(int16_t(), same);
    case DType::kI8:
      return write(int8_t(), same);
    case DType::kU16:
      return write(uint16_t(), same);
    case DType::kU8:
      return write(uint8_t(), same);
    case DType::kBool:
      return write(uint8_t(), [](Wide value) { return value != 0 ? 1 : 0; });
  }
}

}  // namespace segforge::simplify
