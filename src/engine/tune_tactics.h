// Where a kernel can run in several ways, they are timed and the fastest is kept.
#pragma once

#include <string>
#include <vector>

#include "engine/session.h"
#include "engine/timing_cache.h"

namespace segforge {

struct TuneReport {
  int steps = 0;  // that can be run in several ways
  int known = 0;  // kinds of them that the cache knew
  int timed = 0;  // and those that were timed; steps of equal kernel and shapes are of one kind
};

// A tactic for each step of the plan, "" for the kernel's own choice, which has to be beaten by more than the
// clock's noise. The session is prepared for the plan, which has no tactics itself. What is timed is added to
// the cache, and to the report.
Result<std::vector<std::string>> TuneTactics(const Plan& plan, Session& session, TimingCache& cache,
                                             TuneReport& report);

}  // namespace segforge
