#include "backend/cpu/target.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "base/simd_targets.h"
#include "hwy/highway.h"

namespace segforge {
namespace {

std::string LowerCaseName(int64_t target) {
  std::string name = hwy::TargetName(target);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return name;
}

// The compiled baseline is always there, even if the library names its own baseline otherwise.
int64_t Usable(int64_t supported) {
  const int64_t usable = supported & HWY_TARGETS;
  return usable != 0 ? usable : HWY_STATIC_TARGET;
}

// Bits of the processor's targets, asked for once, before anything is forced.
int64_t Detected() {
  static const int64_t detected = (hwy::SupportedTargets() & HWY_TARGETS) | HWY_STATIC_TARGET;
  return detected;
}

int64_t LowestBit(int64_t bits) { return bits & -bits; }

}  // namespace

std::string CpuTargetName() { return LowerCaseName(LowestBit(Usable(hwy::SupportedTargets()))); }

std::vector<std::string> AvailableCpuTargets() {
  std::vector<std::string> names;
  for (int64_t bits = Detected(); bits != 0; bits &= bits - 1)
    names.push_back(LowerCaseName(LowestBit(bits)));
  return names;
}

Status ForceCpuTarget(std::string_view name) {
  const int64_t detected = Detected();
  if (name.empty()) {
    hwy::SetSupportedTargetsForTest(0);
    return Status();
  }
  for (int64_t bits = detected; bits != 0; bits &= bits - 1) {
    if (LowerCaseName(LowestBit(bits)) != name) continue;
    hwy::SetSupportedTargetsForTest(LowestBit(bits));
    return Status();
  }
  return InvalidInput("no CPU target \"{}\" on this machine, expected one of {}", name,
                      fmt::join(AvailableCpuTargets(), ", "));
}

Status ApplyCpuTargetOverride() {
  static const Status status = [] {
    const char* name = std::getenv("SEGFORGE_CPU_TARGET");
    return name == nullptr || *name == '\0' ? Status() : ForceCpuTarget(name).Within("SEGFORGE_CPU_TARGET");
  }();
  return status;
}

std::string HighwayVersion() { return fmt::format("{}.{}.{}", HWY_MAJOR, HWY_MINOR, HWY_PATCH); }

}  // namespace segforge
