#include "refusal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace segforge {

using ::testing::HasSubstr;
using ::testing::StartsWith;

void ExpectRefusal(const Workspace& workspace, const std::vector<std::string>& words, const std::string& what,
                   const RunLimits& limits) {
  SCOPED_TRACE(testing::PrintToString(words));
  const std::vector<std::string> before = workspace.Files();
  const Outcome run = workspace.Run(words, "", limits);
  EXPECT_EQ(run.code, 2);
  EXPECT_THAT(run.err, StartsWith("segforge: "));
  EXPECT_THAT(run.err, HasSubstr(what));
  EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1) << run.err;
  EXPECT_EQ(workspace.Files(), before);
}

}  // namespace segforge
