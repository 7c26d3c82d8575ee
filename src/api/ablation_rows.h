// The rows of an ablation: which fusions each has.
#pragma once

#include <string>
#include <vector>

#include "ir/graph.h"

namespace segforge {

struct AblationStep {
  std::string name;               // "+ gelu"
  std::vector<std::string> fuse;  // as ParseFusions takes them
};

// Nothing, V1 (every LayerNorm), V2 (those after sr, where there are any), then V1 and the other fusions
// added in turn. `published` has its LayerNorms whole.
std::vector<AblationStep> AblationSteps(const Graph& published);

}  // namespace segforge
