#include "backend/cpu/target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backend/cpu/each_target_test.h"

namespace segforge {
namespace {

using ::testing::HasSubstr;

TEST(CpuTarget, PicksTheBestByDefault) { EXPECT_EQ(CpuTargetName(), AvailableCpuTargets().front()); }

TEST(CpuTarget, EachAvailableOneCanBeForced) {
  for (const std::string& target : AvailableCpuTargets()) {
    ASSERT_TRUE(ForceCpuTarget(target).ok());
    EXPECT_EQ(CpuTargetName(), target);
  }
  ASSERT_TRUE(ForceCpuTarget("").ok());
  EXPECT_EQ(CpuTargetName(), AvailableCpuTargets().front());
}

TEST(CpuTarget, UnknownNameListsWhatThereIs) {
  const Status status = ForceCpuTarget("avx9");
  EXPECT_EQ(status.code(), StatusCode::kInvalidInput);
  EXPECT_THAT(status.message(), HasSubstr("avx9"));
  EXPECT_THAT(status.message(), HasSubstr(AvailableCpuTargets().back()));
  EXPECT_EQ(CpuTargetName(), AvailableCpuTargets().front());
}

}  // namespace
}  // namespace segforge
