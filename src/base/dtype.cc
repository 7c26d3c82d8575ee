#include "base/dtype.h"

#include <array>
#include <bit>

namespace segforge {
namespace {

struct Row {
  std::string_view name;
  size_t bytes;
};
constexpr std::array<Row, 11> kRows = {{{"f64", 8},
                                        {"f32", 4},
                                        {"f16", 2},
                                        {"bf16", 2},
                                        {"i64", 8},
                                        {"i32", 4},
                                        {"i16", 2},
                                        {"i8", 1},
                                        {"u16", 2},
                                        {"u8", 1},
                                        {"bool", 1}}};

}  // namespace

size_t SizeOf(DType dtype) { return kRows[static_cast<size_t>(dtype)].bytes; }
std::string_view NameOf(DType dtype) { return kRows[static_cast<size_t>(dtype)].name; }
bool IsFloat(DType dtype) { return dtype <= DType::kBF16; }

float FloatFromHalf(uint16_t bits) {
  const uint32_t sign = static_cast<uint32_t>(bits & 0x8000u) << 16;
  const uint32_t exponent = (bits >> 10) & 0x1Fu;
  const uint32_t mantissa = bits & 0x3FFu;
  if (exponent == 0) {  // zero and subnormals: mantissa * 2^-24
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
    return sign != 0 ? -magnitude : magnitude;
  }
  const uint32_t wide_exponent = exponent == 31 ? 255u : exponent + (127u - 15u);
  return std::bit_cast<float>(sign | (wide_exponent << 23) | (mantissa << 13));
}

float FloatFromBfloat16(uint16_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }

uint16_t HalfFromFloat(float value) {
  constexpr uint32_t kInfinity = 0x7F800000, kTooLarge = 0x47800000 /* 2^16 */,
                     kNormal = 0x38800000 /* 2^-14 */;
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint32_t sign = (bits >> 16) & 0x8000u;
  const uint32_t magnitude = bits & 0x7FFFFFFFu;
  if (magnitude > kInfinity) return static_cast<uint16_t>(sign | 0x7E00u);
  if (magnitude >= kTooLarge) return static_cast<uint16_t>(sign | 0x7C00u);
  if (magnitude < kNormal) {  // beside 0.5 a float has the spacing of subnormals, 2^-24: the addition rounds
    const float rounded = std::bit_cast<float>(magnitude) + 0.5f;
    return static_cast<uint16_t>(sign | (std::bit_cast<uint32_t>(rounded) - std::bit_cast<uint32_t>(0.5f)));
  }
  const uint32_t rounded = magnitude + 0xFFFu + ((magnitude >> 13) & 1u);  // may carry into the exponent
  return static_cast<uint16_t>(sign | ((rounded - ((127u - 15u) << 23)) >> 13));
}

uint16_t Bfloat16FromFloat(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7FFFFFFFu) > 0x7F800000u) return static_cast<uint16_t>((bits >> 16) | 0x40u);
  return static_cast<uint16_t>((bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16);
}

}  // namespace segforge
