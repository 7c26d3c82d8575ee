// The one list of rewrites of ONNX files, and what runs them.
#pragma once

#include <map>

#include "onnx/simplify/graph.h"

namespace segforge::simplify {

// Which of the places where a fusion fits it is done at.
struct Choice {
  enum class Kind : uint8_t { kFirst, kAll, kNamed };
  Kind kind = Kind::kFirst;
  int64_t count = 0;  // of kFirst, in the graph's order; 0: none
  std::vector<std::string> names =
      {};  // of kNamed: * and ? as in file names, or beginnings up to a dot or slash

  bool is_none() const { return kind == Kind::kFirst && count == 0; }
};

struct Options {
  std::vector<std::pair<std::string, std::vector<int64_t>>> input_dims = {};  // by name
  int64_t opset = 0;  // to convert to; 0: the file's own
  Choice layer_norm = {};
  Choice gelu = {};
};

struct RewriteReport {
  std::string_view name;
  std::string_view summary;
  int rewrites = 0;
  double time_us = 0;
};
struct Report {
  std::map<std::string, int> before, after;  // nodes of each operator
  std::vector<RewriteReport> rewrites;       // in the order of the list
};

constexpr int64_t kMinOpset = 7;
constexpr int64_t kMaxOpset = 24;

// The same function in fewer nodes: opsets 7 to 24. Operators that are not known stay as they are; inputs,
// outputs and their names too. The graph is verified after each rewrite. Fails on sizes that contradict each
// other or the file, and on choices that fit nothing.
Result<OnnxFile> Simplify(OnnxFile file, const Options& options, Report& report);

}  // namespace segforge::simplify
