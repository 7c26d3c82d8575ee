// An engine is a graph made executable on one backend: kernels with packed weights, shared by plans. A plan
// fixes one input size: shapes, buffers placed by liveness in one arena, and the flat list of steps. Plans
// are cached by size.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "backend/kernel.h"
#include "engine/plan.h"
#include "passes/pipeline.h"

namespace segforge {

struct EngineOptions {
  PassOptions passes;  // `offers` is filled in from the backend
};

class Engine {
 public:
  // Optimises the graph for the backend and makes its kernels. The graph must have one input, [N, H, W, C]
  // f32.
  static Result<std::unique_ptr<Engine>> Build(Graph graph, const Backend& backend, EngineOptions options);
  ~Engine();

  // The plan of an input size; made on first use, then shared. Thread-safe. `threads` as of the sessions that
  // run it.
  Result<std::shared_ptr<const Plan>> PlanFor(const InputSize& size, int threads);

  const std::vector<PassReport>& pass_reports() const;

 private:
  struct State;
  explicit Engine(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// What one caller at a time needs to run plans: threads and an arena that grows to the largest plan met.
class Session {
 public:
  explicit Session(int threads) : pool_(threads) {}

  // Fails with kOutOfMemory, naming the bytes, before anything is taken. Nothing is allocated when the plan
  // was prepared before or a larger one was.
  Status Prepare(std::shared_ptr<const Plan> plan);

  TensorView input();                          // [N,H,W,C] f32, to be filled before Execute
  void Execute();                              // runs every step; allocates nothing
  ConstTensorView output(size_t index) const;  // valid until the next Execute or Prepare

  ThreadPool& pool() { return pool_; }

 private:
  ThreadPool pool_;
  AlignedBuffer arena_;
  std::shared_ptr<const Plan> plan_;
  std::vector<BoundStep> steps_;
};

}  // namespace segforge
