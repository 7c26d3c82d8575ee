// Where a plan's time goes, step by step. A session that is not profiled pays nothing for it.
#pragma once

#include <vector>

#include "engine/session.h"

namespace segforge {

struct StepProfile {
  Op op = Op::kInput;
  std::string_view name;    // of the node; lives as long as the plan
  std::string_view kernel;  // "cpu.gemm"
  std::string_view tactic;  // "" for the kernel's own choice
  Shape output;
  std::vector<size_t> inputs;  // the steps whose outputs it reads; the network's input is left out
  double median_ms = 0;        // over the runs
  double start_ms = 0;         // in the run whose total is the median one, from that run's start
  double duration_ms = 0;      // there
  int64_t macs = 0;
  int64_t bytes = 0;  // of inputs, weights and output, each counted once: what must move at the least
};

struct Profile {
  std::vector<double> run_ms;  // whole runs, in order
  double traced_ms = 0;        // the run that start_ms and duration_ms are of
  std::vector<StepProfile> steps;
};

// The session must be prepared for the plan, its input filled. runs >= 1; a run before them is not counted.
Result<Profile> ProfilePlan(Session& session, const Plan& plan, int runs);

}  // namespace segforge
