// Layers grouped by the parts of their names: stage1 > block0 > attention > q.
#pragma once

#include <string>
#include <vector>

#include "segforge/measure.h"

namespace segforge::cli {

// A span of successive layers whose names begin alike; a leaf is one layer.
struct ProfileNode {
  std::string name;  // the last part: "block0"
  size_t first = 0;  // layers first .. last
  size_t last = 0;
  double start_ms = 0;  // in the traced run
  double end_ms = 0;
  std::vector<ProfileNode> children;  // in order; empty for a leaf
};

// The root holds every layer. Layers of one part that do not follow each other become two nodes, so that a
// parent's time always holds its children's.
ProfileNode TreeOf(const ModelProfile& profile);

}  // namespace segforge::cli
