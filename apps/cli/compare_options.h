// What `segforge compare` is asked to do.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "segforge/segforge.h"

namespace segforge::cli {

struct CompareOptions {
  std::vector<std::string> names;  // inputs; the first may be the candidate, see SplitNames
  std::string model;               // "" when not given by --model
  std::string reference;
  SegmenterOptions candidate_options;
  SegmenterOptions reference_options;  // network size, resampling and threads follow the candidate's
  double max_a0 = 5e-3;                // the original project's thresholds
  double max_r0 = 2e-3;
  std::string heatmap;  // folder; "" when not wanted
  bool layers = false;
  bool recursive = false;
  bool json = false;
};

// What the reference runs with.
SegmenterOptions OptionsOfReference(const CompareOptions& options);

CLI::App* AddCompareCommand(CLI::App& program, CompareOptions& options);

struct CompareNames {
  std::string candidate;
  std::vector<std::string> inputs;
};

// The first name is the candidate when --model is not given and the name is a model's: a folder with
// config.json, a file that ends as a checkpoint does, or nothing that exists and looks like an image.
CompareNames SplitNames(const CompareOptions& options);

// A folder that holds config.json.
bool IsModelFolder(const std::string& path);

}  // namespace segforge::cli
