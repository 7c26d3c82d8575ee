// `segforge ablate`: what each fusion of the graph gains, and what it changes in the results.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "segforge/ablate.h"

namespace segforge::cli {

struct AblateOptions {
  AblationOptions ablation;
  std::vector<std::string> inputs;  // images, or folders of them
  bool recursive = false;
  std::string csv;  // "" when not wanted, as below; "-" for standard output instead of the table
  std::string plot;
};

CLI::App* AddAblateCommand(CLI::App& program, AblateOptions& options);

// Runs `segforge ablate`; returns the exit code.
int Ablate(const AblateOptions& options);

}  // namespace segforge::cli
