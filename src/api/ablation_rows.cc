#include "api/ablation_rows.h"

#include <fmt/format.h>

#include <algorithm>

#include "ir/name_pattern.h"
#include "passes/fusions.h"

namespace segforge {
namespace {

constexpr const char* kAfterSr = "*.sr_norm";

int64_t CountLayerNorms(const Graph& graph, const std::string& pattern) {
  const std::vector<NodeId> live = graph.LiveNodes();
  return std::ranges::count_if(live, [&](NodeId id) {
    return graph.node(id).op == Op::kLayerNorm && Fits(pattern, graph.node(id).name);
  });
}

// LayerNorms as they are said, and the other fusions but the first `others` of them left out.
std::vector<std::string> Only(const std::string& layer_norms, size_t others) {
  std::vector<std::string> fuse;
  for (const Fusion& fusion : Fusions()) {
    const bool is_first = &fusion == &Fusions().front();
    const bool is_wanted = fuse.size() <= others;
    fuse.push_back(fmt::format("{}={}", fusion.word, is_first ? layer_norms : is_wanted ? "all" : "none"));
  }
  return fuse;
}

}  // namespace

std::vector<AblationStep> AblationSteps(const Graph& published) {
  const int64_t after_sr = CountLayerNorms(published, kAfterSr);
  std::vector<AblationStep> steps = {
      {"baseline", Only("none", 0)},
      {fmt::format("V1: {} LayerNorms", CountLayerNorms(published, "*")), Only("all", 0)}};
  if (after_sr > 0) steps.push_back({fmt::format("V2: {} after sr", after_sr), Only(kAfterSr, 0)});
  for (size_t others = 1; others < Fusions().size(); ++others) {
    steps.push_back({fmt::format("+ {}", Fusions()[others].word), Only("all", others)});
  }
  return steps;
}

}  // namespace segforge
