// `segforge doctor`: what this machine and this build are, and what they could do at most.
#pragma once

#include <CLI/CLI.hpp>
#include <vector>

#include "segforge/measure.h"

namespace segforge::cli {

struct DoctorOptions {
  std::vector<int> threads;  // empty: one, and as many as there are
  bool refresh = false;
  bool json = false;
};

CLI::App* AddDoctorCommand(CLI::App& program, DoctorOptions& options);

// Runs `segforge doctor`; returns the exit code.
int Doctor(const DoctorOptions& options);

}  // namespace segforge::cli
