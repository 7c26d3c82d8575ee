// Element types, as checkpoints and images store them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace segforge {

enum class DType : uint8_t { kF64, kF32, kF16, kBF16, kI64, kI32, kI16, kI8, kU16, kU8, kBool };

size_t SizeOf(DType dtype);            // bytes of one element
std::string_view NameOf(DType dtype);  // "f32", "u8", ...
bool IsFloat(DType dtype);

// IEEE binary16 and bfloat16 to float; both exact.
float FloatFromHalf(uint16_t bits);
float FloatFromBfloat16(uint16_t bits);
// And back, to the nearest, ties to even; too large becomes infinity, a NaN stays one.
uint16_t HalfFromFloat(float value);
uint16_t Bfloat16FromFloat(float value);

template <typename T>
constexpr DType kDTypeOf = [] {
  static_assert(sizeof(T) == 0, "no DType for this type");
  return DType::kF32;
}();
template <>
inline constexpr DType kDTypeOf<double> = DType::kF64;
template <>
inline constexpr DType kDTypeOf<float> = DType::kF32;
template <>
inline constexpr DType kDTypeOf<int64_t> = DType::kI64;
template <>
inline constexpr DType kDTypeOf<int32_t> = DType::kI32;
template <>
inline constexpr DType kDTypeOf<int16_t> = DType::kI16;
template <>
inline constexpr DType kDTypeOf<int8_t> = DType::kI8;
template <>
inline constexpr DType kDTypeOf<uint16_t> = DType::kU16;
template <>
inline constexpr DType kDTypeOf<uint8_t> = DType::kU8;

}  // namespace segforge
