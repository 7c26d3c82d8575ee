// An engine is a graph made executable on one backend: kernels with packed weights, shared by plans. A plan
// fixes one input size: shapes, buffers placed by liveness in one arena, and the flat list of steps. Plans
// are cached by size; a Session runs them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "backend/kernel.h"
#include "engine/plan.h"
#include "engine/session.h"
#include "passes/pipeline.h"

namespace segforge {

struct EngineOptions {
  PassOptions passes;  // `offers` is filled in from the backend
  Precision precision = Precision::kFp32;
  // Nodes that stay in fp32: those whose name a pattern is (with * and ? as in file names), or begins, up to
  // a dot. A pattern that fits no node is an error.
  std::vector<std::string> fp32_layers = {};
};

// The graph as Engine::Build makes it executable: optimised for the backend, in the precisions that are asked
// for. It must have one input, [N, H, W, C] f32. kUnsupported for a precision that the backend has not.
struct OptimizedGraph {
  Graph graph;
  std::vector<PassReport> pass_reports;
};
Result<OptimizedGraph> Optimize(Graph graph, const Backend& backend, EngineOptions options);

class Engine {
 public:
  // Optimises the graph for the backend and makes its kernels; keeps no weights but those that kernels hold.
  // The graph must have one input, [N, H, W, C] f32. kUnsupported for a precision that the backend has not.
  static Result<std::unique_ptr<Engine>> Build(Graph graph, const Backend& backend, EngineOptions options);
  // Of a graph that was optimised before, for a backend of the same kind: no pass runs. Input as above, but
  // in the type that the graph's precision reads. kUnsupported for a precision or an op that the backend has
  // not.
  static Result<std::unique_ptr<Engine>> OfOptimized(const Graph& graph, const Backend& backend);
  ~Engine();

  // Plans of that size are made with these from now on: the name of a tactic for each step, "" for the
  // kernel's own choice, as TuneTactics finds them; or none at all, for as it was at first. kInvalidInput for
  // another number than the engine has steps.
  Status UseTactics(const InputSize& size, std::vector<std::string> tactics);

  // The plan of an input size for sessions of that many threads (0: as many as the machine offers); made on
  // first use, then shared. The last 16 are kept. Thread-safe. A plan may outlive the engine.
  Result<std::shared_ptr<const Plan>> PlanFor(const InputSize& size, int threads);

  const DeviceId& device() const;

  // Of that many threads, for this engine's plans. It may outlive the engine.
  Result<std::unique_ptr<Session>> NewSession(int threads, DeviceWait wait = DeviceWait::kSpin) const;

  const std::vector<PassReport>& pass_reports() const;

 private:
  struct State;
  explicit Engine(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace segforge
