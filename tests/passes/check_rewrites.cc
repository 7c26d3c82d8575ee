#include "tests/passes/check_rewrites.h"

#include <algorithm>
#include <cmath>

#include "passes/pipeline.h"
#include "tests/passes/compare.h"

namespace segforge {
namespace {

struct Case {
  std::string name;
  PassOptions options;
};

std::vector<Case> Cases() {
  std::vector<Case> cases = {{"all passes", {}}, {"all but LayerNorm and GELU", {}}, {"one LayerNorm", {}}};
  cases[1].options.fuse = {"layernorm=none", "gelu=none"};
  cases[2].options.fuse = {"layernorm=1"};
  for (const Pass& kept : Pipeline()) {
    PassOptions options;
    for (const Pass& pass : Pipeline()) {
      if (pass.name != kept.name) options.disabled.emplace_back(pass.name);
    }
    if (kept.name.starts_with("decompose")) options.fuse = {"layernorm=none", "gelu=none"};
    cases.push_back({std::string(kept.name), std::move(options)});
  }
  return cases;
}

}  // namespace

RewriteCheck CheckRewrites(const Graph& graph, const InputSize& size) {
  RewriteCheck check;
  const Expectation expected(graph, size);
  for (const Case& one : Cases()) {
    Graph rewritten = graph;
    const auto reports = RunPasses(rewritten, one.options);
    if (!reports.ok()) {
      check.problem = fmt::format("{}: {}\n{}", one.name, reports.status().message(), Print(graph));
      return check;
    }
    int rewrites = 0;
    for (const PassReport& report : *reports) rewrites += report.rewrites;
    check.rewrites += rewrites;
    if (rewrites == 0 || !std::isfinite(expected.tolerance())) continue;
    const double difference = expected.DifferenceOf(rewritten);
    if (difference <= expected.tolerance()) continue;
    check.problem = fmt::format("{}: off by {}, expected at most {}\n{}\n{}", one.name, difference,
                                expected.tolerance(), Print(graph), Print(rewritten));
    return check;
  }
  return check;
}

}  // namespace segforge
