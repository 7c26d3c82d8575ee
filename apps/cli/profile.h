// `segforge profile`: where a model's time goes, layer by layer.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "segforge/measure.h"

namespace segforge::cli {

struct ProfileVerbOptions {
  ProfileOptions profile;
  int slowest = 12;  // layers in the table
  bool no_ceilings = false;
  std::string trace;  // "" when not wanted, as the two below
  std::string html;
  std::string csv;
  bool json = false;
};

CLI::App* AddProfileCommand(CLI::App& program, ProfileVerbOptions& options);

// Runs `segforge profile`; returns the exit code.
int Profile(const ProfileVerbOptions& options);

}  // namespace segforge::cli
