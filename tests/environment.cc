// Every test of this program runs its SIMD kernels with the instruction set that SEGFORGE_CPU_TARGET names.
#include <gtest/gtest.h>

#include "backend/cpu/target.h"

namespace segforge {
namespace {

class CpuTargetEnvironment : public testing::Environment {
  void SetUp() override {
    const Status status = ApplyCpuTargetOverride();
    ASSERT_TRUE(status.ok()) << status.message();
  }
};

const auto* const kEnvironment = testing::AddGlobalTestEnvironment(new CpuTargetEnvironment);

}  // namespace
}  // namespace segforge
