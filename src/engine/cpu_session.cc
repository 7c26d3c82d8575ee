#include "engine/cpu_session.h"

#include <algorithm>
#include <chrono>

#include "backend/top_classes.h"
#include "base/memory.h"
#include "base/stopwatch.h"

namespace segforge {
namespace {

using Clock = std::chrono::steady_clock;

double UsSince(Clock::time_point start) {
  return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

}  // namespace

Status CpuSession::Prepare(std::shared_ptr<const Plan> plan) {
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
  steps_.Bind(*plan_, arena_.data());
  return Status();
}

TensorView CpuSession::input(size_t index) {
  SEGFORGE_CHECK(plan_ != nullptr && index < plan_->inputs.size());
  return At(plan_->inputs[index]);
}

Result<ConstTensorView> CpuSession::output(size_t index) {
  SEGFORGE_CHECK(plan_ != nullptr && index < plan_->outputs.size());
  return ConstTensorView(At(plan_->outputs[index]));
}

Result<ConstTensorView> CpuSession::step_output(size_t step) {
  SEGFORGE_CHECK(step < steps_.size());
  return ConstTensorView(steps_[step].output);
}

Status CpuSession::Start(std::span<const ImageView> images, const Preprocessing& preprocessing,
                         const RunResults& /*results*/) {
  TensorView one = input();
  SEGFORGE_CHECK(static_cast<int64_t>(images.size()) == one.shape[0]);
  one.shape = {1, one.shape[1], one.shape[2], one.shape[3]};
  Stopwatch watch;
  for (const ImageView& image : images) {
    SEGFORGE_RETURN_IF_ERROR(FillInput(image, preprocessing, one, pool()));
    one.data = one.as<float>() + one.shape.elems();
  }
  times_.input = watch.LapMs();
  SEGFORGE_RETURN_IF_ERROR(Execute());
  times_.steps = watch.LapMs();
  return Status();
}

Result<RunTimes> CpuSession::Finish(std::span<const LabelMaps> maps) {
  SEGFORGE_CHECK(plan_ != nullptr);
  Stopwatch watch;
  for (size_t n = 0; n < maps.size(); ++n) {
    const ConstTensorView logits = ImageOf(At(plan_->outputs.front()), static_cast<int64_t>(n));
    labels_(logits, maps[n], pool());
    FillTopClasses(logits, maps[n], pool());
  }
  times_.labels = watch.LapMs();
  return times_;
}

Status CpuSession::Execute() {
  return Execute([](size_t) {});
}

Status CpuSession::Execute(FunctionRef<void(size_t)> after_step) {
  SEGFORGE_CHECK(plan_ != nullptr);
  for (size_t i = 0; i < steps_.size(); ++i) {
    const BoundStep& step = steps_[i];
    step.step->run->Run({step.inputs, step.output, step.scratch, &pool()});
    after_step(i);
  }
  return Status();
}

Status CpuSession::ExecuteTimed(std::span<double> step_ends_us) {
  SEGFORGE_CHECK(step_ends_us.size() == steps_.size());
  const Clock::time_point start = Clock::now();
  return Execute([&](size_t step) { step_ends_us[step] = UsSince(start); });
}

Result<std::vector<double>> CpuSession::TimeKernels(size_t step, std::span<const Kernel* const> kernels,
                                                    int rounds) {
  SEGFORGE_CHECK(step < steps_.size() && rounds >= 1);
  const BoundStep& bound = steps_[step];
  const AlignedBuffer scratch(MostScratchBytes(bound, kernels, threads()));
  std::vector<std::vector<double>> us(kernels.size());
  for (int round = -1; round < rounds; ++round) {  // the first one warms up
    for (size_t i = 0; i < kernels.size(); ++i) {
      const Clock::time_point start = Clock::now();
      kernels[i]->Run({bound.inputs, bound.output, scratch.data(), &pool()});
      if (round >= 0) us[i].push_back(UsSince(start));
    }
  }
  std::vector<double> medians;
  for (std::vector<double>& times : us) {
    std::ranges::nth_element(times, times.begin() + rounds / 2);
    medians.push_back(times[static_cast<size_t>(rounds / 2)]);
  }
  return medians;
}

}  // namespace segforge
