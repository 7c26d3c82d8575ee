#include "ir/parse_precision.h"

#include <array>

namespace segforge {
namespace {

struct PrecisionRow {
  std::string_view name;
  DType storage;
};
constexpr std::array<PrecisionRow, 4> kPrecisions = {
    {{"fp32", DType::kF32}, {"tf32", DType::kF32}, {"fp16", DType::kF16}, {"bf16", DType::kBF16}}};

}  // namespace

std::string_view NameOf(Precision precision) { return kPrecisions[static_cast<size_t>(precision)].name; }
DType StorageOf(Precision precision) { return kPrecisions[static_cast<size_t>(precision)].storage; }

Result<Precision> ParsePrecision(std::string_view name) {
  for (size_t i = 0; i < kPrecisions.size(); ++i) {
    if (kPrecisions[i].name == name) return static_cast<Precision>(i);
  }
  return InvalidInput("precision \"{}\": expected fp32, tf32, fp16 or bf16", name);
}

}  // namespace segforge
