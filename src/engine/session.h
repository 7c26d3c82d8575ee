// What one caller at a time needs to run plans: threads, and an arena that grows to the largest plan met.
#pragma once

#include <memory>
#include <vector>

#include "base/tensor.h"
#include "base/thread_pool.h"
#include "engine/plan.h"

namespace segforge {

class Session {
 public:
  // As ThreadPool takes them: 0 means as many as the machine offers.
  explicit Session(int threads) : pool_(threads) {}

  // The plan must be for threads() threads. Fails with kOutOfMemory, naming the bytes, before anything is
  // taken; the session then has the plan that it had. Allocates nothing when plans as large and as long were
  // prepared before.
  Status Prepare(std::shared_ptr<const Plan> plan);

  // [N,H,W,C] f32. To be filled after Prepare; Execute leaves it as it is.
  TensorView input(size_t index = 0);
  void Execute();                              // runs every step; allocates nothing
  ConstTensorView output(size_t index) const;  // valid until the next Execute or Prepare

  // As Execute, and calls after_step(i) when step i of the plan is done.
  void Execute(FunctionRef<void(size_t step)> after_step);
  ConstTensorView step_output(size_t step) const;  // its bytes are the step's right after it alone

  int threads() const { return pool_.threads(); }
  ThreadPool& pool() { return pool_; }

 private:
  // A step whose places have become pointers into the arena.
  struct BoundStep {
    const Kernel* kernel = nullptr;
    std::span<const ConstTensorView> inputs;  // into views_
    TensorView output;
    std::byte* scratch = nullptr;
  };
  TensorView At(const BufferPlace& place) const;
  void Bind();
  void RunStep(const BoundStep& step);

  ThreadPool pool_;
  AlignedBuffer arena_;
  std::shared_ptr<const Plan> plan_;
  std::vector<ConstTensorView> views_;
  std::vector<BoundStep> steps_;
};

}  // namespace segforge
