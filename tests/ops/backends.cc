#include "tests/ops/backends.h"

#include <bit>

#include "backend/cuda/cuda.h"
#include "tests/ops/device_run.h"
#include "tests/ops/host_run.h"

namespace segforge {

std::vector<BackendCase> AllBackends() {
  std::vector<BackendCase> cases = {{"ref", MakeRefBackend, Precision::kFp32, RefUpsampleArgmax, RunOnHost},
                                    {"cpu", MakeCpuBackend, Precision::kFp32, CpuUpsampleArgmax, RunOnHost}};
  const Result<Backend> cuda = MakeCudaBackend(0);
  if (!cuda.ok()) return cases;
  for (const Precision precision : cuda->traits().precisions) {
    cases.push_back({fmt::format("cuda_{}", NameOf(precision)), [] { return MakeCudaBackend(0).value(); },
                     precision, nullptr, RunOnDevice});
  }
  return cases;
}

double UnitRoundoff(Precision precision) {
  switch (precision) {
    case Precision::kFp32:
      return 0x1p-24;
    case Precision::kTf32:
    case Precision::kFp16:
      return 0x1p-11;
    case Precision::kBf16:
      return 0x1p-8;
  }
  SEGFORGE_CHECK(false);
}

float RoundTo(Precision precision, float value) {
  switch (precision) {
    case Precision::kFp32:
      return value;
    case Precision::kTf32: {
      const auto bits = std::bit_cast<uint32_t>(value);
      return std::bit_cast<float>((bits + 0xFFFu + (bits >> 13 & 1u)) & ~0x1FFFu);
    }
    case Precision::kFp16:
      return FloatFromHalf(HalfFromFloat(value));
    case Precision::kBf16:
      return FloatFromBfloat16(Bfloat16FromFloat(value));
  }
  SEGFORGE_CHECK(false);
}

}  // namespace segforge
