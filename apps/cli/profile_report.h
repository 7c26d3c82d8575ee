// What `segforge profile` says, in its several forms.
#pragma once

#include <string>
#include <vector>

#include "segforge/measure.h"

namespace segforge::cli {

// The layers of one kind of operator together.
struct KindTotal {
  std::string kind;
  int layers = 0;
  double ms = 0;
  double gflop = 0;
  double bytes = 0;
};
std::vector<KindTotal> TotalsByKind(const ModelProfile& profile);  // the slowest first
std::vector<size_t> SlowestLayers(const ModelProfile& profile);    // all indices, the slowest first
double SumOfLayersMs(const ModelProfile& profile);

std::string ShapeText(const std::vector<int64_t>& shape);  // "1x128x128x32"

void PrintProfile(const ModelProfile& profile, size_t slowest);
std::string ProfileJson(const ModelProfile& profile);
std::string ProfileCsv(const ModelProfile& profile);

// The Trace Event Format of Chrome, which Perfetto opens: complete events that nest, run > stage > block >
// layer.
std::string ProfileTrace(const ModelProfile& profile);

// One file without outside parts: the run's parts as stacked bars, the slowest layers, and all with their
// inputs.
std::string ProfileHtml(const ModelProfile& profile);

}  // namespace segforge::cli
