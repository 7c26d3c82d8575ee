// What `segforge eval` says, to people and to machines.
#pragma once

#include <string>
#include <vector>

#include "segforge/evaluate.h"

namespace segforge::cli {

struct EvalReport {
  ModelInfo model;
  std::string name;  // of the model, as given
  std::string device;
  std::string data;
  std::string layout;
  size_t resumed = 0;  // images that an earlier run had done
  double seconds = 0;  // of this run
  Quality quality;
  std::vector<int64_t> confusion;
};

void PrintEval(const EvalReport& report);
std::string EvalJson(const EvalReport& report);

// First row: "true \ predicted" and the classes' names; then a row a true class. Names are quoted where CSV
// asks for it.
std::string ConfusionCsv(const ModelInfo& model, const std::vector<int64_t>& confusion);

}  // namespace segforge::cli
