#include "ir/parse_precision.h"

#include <gtest/gtest.h>

namespace segforge {
namespace {

TEST(Precision, NamesComeBack) {
  for (const Precision precision : {Precision::kFp32, Precision::kTf32, Precision::kFp16, Precision::kBf16}) {
    EXPECT_EQ(ParsePrecision(NameOf(precision)).value(), precision);
  }
  EXPECT_EQ(ParsePrecision("int8").status().message(),
            "precision \"int8\": expected fp32, tf32, fp16 or bf16");
}

TEST(Precision, KnowsWhatItStores) {
  EXPECT_EQ(StorageOf(Precision::kFp32), DType::kF32);
  EXPECT_EQ(StorageOf(Precision::kTf32), DType::kF32);
  EXPECT_EQ(StorageOf(Precision::kFp16), DType::kF16);
  EXPECT_EQ(StorageOf(Precision::kBf16), DType::kBF16);
}

}  // namespace
}  // namespace segforge
