#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "segforge/evaluate.h"

namespace segforge::cli {

struct EvalOptions {
  std::string model = "street-b0";
  std::string data;
  DatasetOptions dataset;
  SegmenterOptions segmenter;
  int boundary_tolerance = 3;
  size_t limit = 0;           // 0: all images
  std::string confusion_csv;  // "" when not wanted, as confusion_png and resume
  std::string confusion_png;
  std::string resume;
  bool json = false;
};

CLI::App* AddEvalCommand(CLI::App& program, EvalOptions& options);

// Runs `segforge eval`; returns the exit code.
int Eval(const EvalOptions& given);

}  // namespace segforge::cli
