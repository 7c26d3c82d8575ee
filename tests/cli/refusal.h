// What every verb owes to bad input.
#pragma once

#include <string>
#include <vector>

#include "program.h"

namespace segforge {

// One line on standard error, exit code 2, and nothing new on the disk.
void ExpectRefusal(const Workspace& workspace, const std::vector<std::string>& words, const std::string& what,
                   const RunLimits& limits = {});

}  // namespace segforge
