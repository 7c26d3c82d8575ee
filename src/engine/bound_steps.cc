#include "engine/bound_steps.h"

#include <algorithm>

namespace segforge {

TensorView Bind(const BufferPlace& place, std::byte* arena) {
  return {arena + place.offset_bytes, place.dtype, place.shape};
}

size_t MostScratchBytes(const BoundStep& step, std::span<const Kernel* const> kernels, int threads) {
  std::vector<Shape> inputs;
  for (const ConstTensorView& input : step.inputs) inputs.push_back(input.shape);
  size_t most = 0;
  for (const Kernel* kernel : kernels) most = std::max(most, kernel->ScratchBytes(inputs, threads));
  return most;
}

void BoundSteps::Bind(const Plan& plan, std::byte* arena) {
  steps_.clear();
  views_.clear();
  for (const Step& step : plan.steps) {
    for (const BufferPlace& input : step.inputs) views_.push_back(segforge::Bind(input, arena));
  }
  size_t first = 0;
  for (const Step& step : plan.steps) {
    const auto inputs = std::span<const ConstTensorView>(views_).subspan(first, step.inputs.size());
    steps_.push_back({&step, inputs, segforge::Bind(step.output, arena), arena + step.scratch_offset_bytes});
    first += step.inputs.size();
  }
}

}  // namespace segforge
