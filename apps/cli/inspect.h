#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "segforge/segforge.h"

namespace segforge::cli {

struct InspectOptions {
  std::string model = "street-b0";
  SegmenterOptions segmenter;  // its height and width are those at which costs are counted
  bool graph = false;
  bool json = false;
};

CLI::App* AddInspectCommand(CLI::App& program, InspectOptions& options);

// Runs `segforge inspect`; returns the exit code.
int Inspect(const InspectOptions& options);

}  // namespace segforge::cli
