// The steps of a plan whose places have become pointers into an arena.
#pragma once

#include <span>
#include <vector>

#include "engine/plan.h"

namespace segforge {

struct BoundStep {
  const Step* step = nullptr;               // of the plan
  std::span<const ConstTensorView> inputs;  // into the steps' own views
  TensorView output;
  std::byte* scratch = nullptr;
};

// The place as a tensor of the arena that starts there.
TensorView Bind(const BufferPlace& place, std::byte* arena);

// Enough for each of the kernels to run the step with that many threads.
size_t MostScratchBytes(const BoundStep& step, std::span<const Kernel* const> kernels, int threads);

class BoundSteps {
 public:
  // The plan must outlive what is bound. Allocates nothing when plans as long were bound before.
  void Bind(const Plan& plan, std::byte* arena);

  size_t size() const { return steps_.size(); }
  const BoundStep& operator[](size_t index) const { return steps_[index]; }
  auto begin() const { return steps_.begin(); }
  auto end() const { return steps_.end(); }

 private:
  std::vector<ConstTensorView> views_;
  std::vector<BoundStep> steps_;
};

}  // namespace segforge
