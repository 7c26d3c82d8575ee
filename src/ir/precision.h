// The arithmetic that a node computes in. What is narrow is what is read, multiplied and written; sums are
// kept in f32 by every kernel.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/dtype.h"

namespace segforge {

enum class Precision : uint8_t {
  kFp32,
  kTf32,  // f32 in memory, products of 10-bit mantissas
  kFp16,
  kBf16,
};

std::string_view NameOf(Precision precision);  // "fp32", "tf32", "fp16", "bf16"
DType StorageOf(Precision precision);          // of the values that a node reads and writes

}  // namespace segforge
