// The one list of passes, in the order they run.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ir/graph.h"
#include "passes/fusions.h"
#include "passes/takes_fused.h"

namespace segforge {

// Whether the backend that the graph is for has a kernel of an op: a pass does not make an op that nobody
// runs.
using OffersOp = std::function<bool(Op)>;

// What passes may look at besides the graph.
struct PassContext {
  TakesFused takes = {};
  FusionChoice fusions = {};
};

struct Pass {
  std::string_view name;     // "fold-head": what --disable-pass takes
  std::string_view summary;  // one line for the user
  std::vector<Op> makes;     // skipped unless the backend offers all of these
  // Returns how many times it rewrote.
  std::function<Result<int>(Graph& graph, const PassContext& context)> run;
};

std::span<const Pass> Pipeline();

struct PassOptions {
  std::vector<std::string> disabled = {};  // names; "all" disables every pass. An unknown name is an error
  std::vector<std::string> fuse = {};      // as ParseFusions takes them; what is disabled stays disabled
  OffersOp offers = {};                    // empty: everything is offered
  TakesFused takes = {};                   // empty: and wanted
  std::function<void(const Pass&, const Graph& before, const Graph& after)> on_change = {};  // for dumps
};
struct PassReport {
  std::string_view name;
  int rewrites = 0;
  double time_us = 0;
};

// Runs the pipeline on a graph as published, whose values it names; the graph is verified after every pass.
// Reports the passes that ran, in order. On an error the graph may be half rewritten.
Result<std::vector<PassReport>> RunPasses(Graph& graph, const PassOptions& options);

}  // namespace segforge
