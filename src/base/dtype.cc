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

}  // namespace segforge
