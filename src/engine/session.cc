#include "engine/session.h"

#include "base/memory.h"

namespace segforge {

Status Session::Prepare(std::shared_ptr<const Plan> plan) {
  SEGFORGE_CHECK(plan->threads == threads());
  if (plan == plan_) return Status();
  if (plan->arena_bytes > arena_.bytes()) {
    const auto more_bytes = static_cast<int64_t>(plan->arena_bytes - arena_.bytes());
    const InputSize& size = plan->size;
    SEGFORGE_RETURN_IF_ERROR(
        CheckMemory(more_bytes, fmt::format("the plan for {}x{}x{}", size.n, size.h, size.w)));
    arena_ = AlignedBuffer();  // first, so that both are never held at once
    arena_ = AlignedBuffer(plan->arena_bytes);
  }
  plan_ = std::move(plan);
  Bind();
  return Status();
}

TensorView Session::At(const BufferPlace& place) const {
  return {arena_.data() + place.offset_bytes, place.dtype, place.shape};
}

void Session::Bind() {
  steps_.clear();
  views_.clear();
  for (const Step& step : plan_->steps) {
    for (const BufferPlace& input : step.inputs) views_.push_back(At(input));
  }
  size_t first = 0;
  for (const Step& step : plan_->steps) {
    const auto inputs = std::span<const ConstTensorView>(views_).subspan(first, step.inputs.size());
    steps_.push_back({step.run, inputs, At(step.output), arena_.data() + step.scratch_offset_bytes});
    first += step.inputs.size();
  }
}

TensorView Session::input(size_t index) {
  SEGFORGE_CHECK(plan_ != nullptr && index < plan_->inputs.size());
  return At(plan_->inputs[index]);
}

ConstTensorView Session::output(size_t index) const {
  SEGFORGE_CHECK(plan_ != nullptr && index < plan_->outputs.size());
  return At(plan_->outputs[index]);
}

ConstTensorView Session::step_output(size_t step) const {
  SEGFORGE_CHECK(step < steps_.size());
  return steps_[step].output;
}

void Session::RunStep(const BoundStep& step) {
  step.kernel->Run({step.inputs, step.output, step.scratch, &pool_});
}

void Session::Execute() {
  SEGFORGE_CHECK(plan_ != nullptr);
  for (const BoundStep& step : steps_) RunStep(step);
}

void Session::Execute(FunctionRef<void(size_t)> after_step) {
  SEGFORGE_CHECK(plan_ != nullptr);
  for (size_t i = 0; i < steps_.size(); ++i) {
    RunStep(steps_[i]);
    after_step(i);
  }
}

}  // namespace segforge
