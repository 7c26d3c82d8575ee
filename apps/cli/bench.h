// `segforge bench`: latency, throughput and memory of models at sizes, batches and threads.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "measure_options.h"
#include "segforge/measure.h"

namespace segforge::cli {

struct BenchOptions {
  std::vector<std::string> models = {"street-b0"};
  std::vector<Size> sizes = {{512, 512}, {1024, 1024}};
  std::vector<int> batches = {1};
  std::vector<int> threads = {DefaultThreads()};
  std::vector<std::string> precisions = {"auto"};
  std::string image;
  RunRule rule;
  SegmenterOptions segmenter;
  bool tune = false;
  std::vector<std::string> peers;  // "ort", "openvino", "torch"
  std::string onnx;                // what ort and openvino run
  std::string json;                // "" when not wanted
  std::string plot;
};

CLI::App* AddBenchCommand(CLI::App& program, BenchOptions& options);

// Runs `segforge bench`; returns the exit code.
int Bench(const BenchOptions& options);

}  // namespace segforge::cli
