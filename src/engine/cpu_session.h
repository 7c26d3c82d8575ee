// A session in host memory: the kernels' buffers are the caller's.
#pragma once

#include "engine/bound_steps.h"
#include "engine/session.h"

namespace segforge {

class CpuSession : public Session {
 public:
  CpuSession(LabelKernel labels, int threads) : Session(threads), labels_(labels) {}

  Status Prepare(std::shared_ptr<const Plan> plan) override;
  Status Start(std::span<const ImageView> images, const Preprocessing& preprocessing,
               const RunResults& results) override;
  Result<RunTimes> Finish(std::span<const LabelMaps> maps) override;
  TensorView input(size_t index = 0) override;
  Status Execute() override;
  int64_t kernels() const override { return static_cast<int64_t>(steps_.size()); }
  Status Execute(FunctionRef<void(size_t step)> after_step) override;
  Status ExecuteTimed(std::span<double> step_ends_us) override;
  Result<std::vector<double>> TimeKernels(size_t step, std::span<const Kernel* const> kernels,
                                          int rounds) override;
  Result<ConstTensorView> output(size_t index) override;
  Result<ConstTensorView> step_output(size_t step) override;

 private:
  TensorView At(const BufferPlace& place) const { return Bind(place, arena_.data()); }

  LabelKernel labels_;
  AlignedBuffer arena_;
  std::shared_ptr<const Plan> plan_;
  BoundSteps steps_;
  RunTimes times_;  // of the run that was started last
};

}  // namespace segforge
