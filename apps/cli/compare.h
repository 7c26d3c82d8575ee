#pragma once

#include "compare_options.h"

namespace segforge::cli {

// Runs `segforge compare`; returns the exit code.
int Compare(const CompareOptions& options);

}  // namespace segforge::cli
