// For tests: runs a body once for each instruction set that is compiled in and that this processor has.
#pragma once

#include <gtest/gtest.h>

#include "backend/cpu/target.h"

namespace segforge {

template <typename Body>
void ForEachCpuTarget(const Body& body) {
  for (const std::string& target : AvailableCpuTargets()) {
    SCOPED_TRACE("CPU target " + target);
    ASSERT_TRUE(ForceCpuTarget(target).ok());
    body();
  }
  ASSERT_TRUE(ForceCpuTarget("").ok());
}

}  // namespace segforge
