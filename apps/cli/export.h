// `segforge export`: a model to an ONNX file.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "segforge/export.h"

namespace segforge::cli {

struct ExportVerbOptions {
  ExportOptions options;
  std::string out;
  std::vector<std::string> dynamic;  // of batch, height, width
  bool has_size = false;
  bool has_batch = false;
  bool json = false;
};

CLI::App* AddExportCommand(CLI::App& program, ExportVerbOptions& options);

// Runs `segforge export`; returns the exit code.
int Export(const ExportVerbOptions& options);

}  // namespace segforge::cli
