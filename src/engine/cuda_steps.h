// A session's runs step by step on a GPU. Who looks into the arena between steps, and after them, has one of
// his own, which is taken when the first of them runs.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "engine/cuda_executor.h"
#include "engine/cuda_value.h"

namespace segforge {

// As Session has it.
class CudaSteps {
 public:
  explicit CudaSteps(int device) : device_(device) {}

  void Prepare(std::shared_ptr<const Plan> plan);
  TensorView input(size_t index);
  Status Execute();
  int64_t kernels() const { return executor_ == nullptr ? 0 : executor_->kernels(); }  // of it
  Status Execute(FunctionRef<void(size_t step)> after_step);
  Status ExecuteTimed(std::span<double> step_ends_us);
  Result<std::vector<double>> TimeKernels(size_t step, std::span<const Kernel* const> kernels, int rounds);
  Result<ConstTensorView> output(size_t index);
  Result<ConstTensorView> step_output(size_t step);

 private:
  Status Begin();
  Status UploadInput();
  Status Wait(std::string_view what) {
    return cuda::StatusOf(cudaStreamSynchronize(executor_->stream()), what);
  }
  Result<ConstTensorView> Fetch(const ConstTensorView& value, CudaValue& host);

  const int device_;
  std::shared_ptr<const Plan> plan_;
  std::shared_ptr<CudaExecutor> executor_;
  AlignedBuffer host_input_;  // what input() gives
  bool host_input_is_new_ = false;
  cuda::DeviceBuffer wide_input_;  // f32 on its way to a narrower input
  std::vector<cuda::Event> events_;
  std::vector<CudaValue> outputs_;
  CudaValue step_;
};

}  // namespace segforge
