// `segforge build`: a checkpoint to an engine file.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "segforge/build.h"

namespace segforge::cli {

struct BuildVerbOptions {
  BuildOptions build;
  std::string out;
  std::vector<int> batches = {1};     // each at each of the build's sizes
  std::vector<std::string> headroom;  // images and folders
  bool json = false;
};

CLI::App* AddBuildCommand(CLI::App& program, BuildVerbOptions& options);

// Runs `segforge build`; returns the exit code.
int Build(const BuildVerbOptions& options);

}  // namespace segforge::cli
