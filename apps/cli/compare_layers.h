#pragma once

#include "compare_options.h"

namespace segforge::cli {

// Runs `segforge compare --layers`; returns the exit code.
int CompareLayersOfImages(const CompareOptions& options, const std::string& candidate,
                          const std::vector<std::string>& images);

}  // namespace segforge::cli
