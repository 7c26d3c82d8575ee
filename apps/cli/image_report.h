// What is said about one segmented image, for people and for machines.
#pragma once

#include <cstdio>
#include <string>
#include <vector>

#include "segforge/segforge.h"

namespace segforge::cli {

struct ImageReport {
  std::string input;
  std::vector<std::string> outputs;
  int64_t height = 0;
  int64_t width = 0;
  int64_t network_height = 0;
  int64_t network_width = 0;
  std::vector<int64_t> pixels;  // of each class
  int64_t rejected = 0;         // pixels of no class
  Timings timings;              // milliseconds, as decode and encode
  double decode = 0;
  double encode = 0;

  double total() const { return decode + timings.resize + timings.engine + timings.labels + encode; }
};

std::string NameOf(const std::string& input);  // of "-" it is "standard input"

// "SegFormer-B1 (NVlabs), 19 classes, 13.7 M parameters"
std::string ModelLine(const ModelInfo& model);

void PrintImage(std::FILE* file, const ImageReport& report);
// "road 38.2 %  building 21.7 %": the largest areas first, of pixels that were not rejected; then those
void PrintAreas(std::FILE* file, const std::vector<int64_t>& pixels, int64_t rejected,
                const ModelInfo& model);

// {"image":..., "classes":[{"label":3,"name":"road","pixels":..,"percent":..}]}: what --format json writes
std::string AreasJson(const ImageReport& report, const ModelInfo& model);
// The same with outputs and times: what --json prints.
std::string ReportJson(const ImageReport& report, const ModelInfo& model, const std::string& device);
std::string FailureJson(const std::string& input, const std::string& message);

}  // namespace segforge::cli
