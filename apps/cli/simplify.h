// `segforge simplify`: an ONNX file to a simpler one.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "segforge/simplify.h"

namespace segforge::cli {

struct SimplifyVerbOptions {
  SimplifyOptions simplify;
  std::string input;
  std::string output;
  std::vector<std::string> shapes;   // NAME=1x3x64x64
  std::vector<std::string> fusions;  // layernorm=all
  bool no_check = false;
  bool verbose = false;
  bool json = false;
};

CLI::App* AddSimplifyCommand(CLI::App& program, SimplifyVerbOptions& options);

// Runs `segforge simplify`; returns the exit code.
int Simplify(const SimplifyVerbOptions& options);

}  // namespace segforge::cli
