#include "engine/cuda_steps.h"

#include <functional>

#include "backend/cuda/row_ops.h"
#include "backend/cuda/time_launches.h"

namespace segforge {
namespace {

size_t FloatBytes(const Shape& shape) { return static_cast<size_t>(shape.elems()) * sizeof(float); }

}  // namespace

void CudaSteps::Prepare(std::shared_ptr<const Plan> plan) {
  plan_ = std::move(plan);
  host_input_is_new_ = false;
  outputs_.resize(plan_->outputs.size());
}

TensorView CudaSteps::input(size_t index) {
  SEGFORGE_CHECK(plan_ != nullptr && index < plan_->inputs.size());
  const Shape& shape = plan_->inputs[index].shape;
  if (host_input_.bytes() < FloatBytes(shape)) host_input_ = AlignedBuffer(FloatBytes(shape));
  host_input_is_new_ = true;
  return {host_input_.data(), DType::kF32, shape};
}

// With the device the current one: the arena, and the input in it.
Status CudaSteps::Begin() {
  SEGFORGE_CHECK(plan_ != nullptr);
  if (executor_ == nullptr) {
    SEGFORGE_ASSIGN_OR_RETURN(executor_, CudaExecutor::Make(device_));
  }
  SEGFORGE_RETURN_IF_ERROR(executor_->Prepare(plan_));
  return UploadInput();
}

Status CudaSteps::UploadInput() {
  if (!host_input_is_new_) return Status();
  const TensorView to = executor_->At(plan_->inputs.front());
  void* landing = to.data;
  if (to.dtype != DType::kF32) {
    SEGFORGE_RETURN_IF_ERROR(cuda::Grow(wide_input_, FloatBytes(to.shape), "the input"));
    landing = wide_input_.data();
  }
  SEGFORGE_RETURN_IF_CUDA_ERROR(cudaMemcpyAsync(landing, host_input_.data(), FloatBytes(to.shape),
                                                cudaMemcpyHostToDevice, executor_->stream()),
                                "the input");
  if (landing != to.data) {
    cuda::LaunchCast(DType::kF32, to.dtype, landing, to.data, to.shape.elems(), executor_->stream());
  }
  host_input_is_new_ = false;
  return cuda::StatusOf(cudaGetLastError(), "the input");
}

Status CudaSteps::Execute() {
  const cuda::DeviceScope scope(device_);
  SEGFORGE_RETURN_IF_CUDA_ERROR(scope.error(), "cuda");
  SEGFORGE_RETURN_IF_ERROR(Begin());
  SEGFORGE_RETURN_IF_ERROR(executor_->Launch());
  return Wait("the engine");
}

Status CudaSteps::Execute(FunctionRef<void(size_t)> after_step) {
  const cuda::DeviceScope scope(device_);
  SEGFORGE_RETURN_IF_CUDA_ERROR(scope.error(), "cuda");
  SEGFORGE_RETURN_IF_ERROR(Begin());
  for (size_t i = 0; i < executor_->steps().size(); ++i) {
    SEGFORGE_RETURN_IF_ERROR(executor_->LaunchStep(i));
    SEGFORGE_RETURN_IF_ERROR(Wait(executor_->steps()[i].step->name));
    after_step(i);
  }
  return Status();
}

Status CudaSteps::ExecuteTimed(std::span<double> step_ends_us) {
  const cuda::DeviceScope scope(device_);
  SEGFORGE_RETURN_IF_CUDA_ERROR(scope.error(), "cuda");
  SEGFORGE_RETURN_IF_ERROR(Begin());
  const size_t steps = executor_->steps().size();
  SEGFORGE_CHECK(step_ends_us.size() == steps);
  while (events_.size() <= steps) {
    SEGFORGE_ASSIGN_OR_RETURN(cuda::Event event, cuda::MakeEvent());
    events_.push_back(std::move(event));
  }
  const cudaStream_t stream = executor_->stream();
  SEGFORGE_RETURN_IF_CUDA_ERROR(cudaEventRecord(events_[0].get(), stream), "an event");
  for (size_t i = 0; i < steps; ++i) {
    SEGFORGE_RETURN_IF_ERROR(executor_->LaunchStep(i));
    SEGFORGE_RETURN_IF_CUDA_ERROR(cudaEventRecord(events_[i + 1].get(), stream), "an event");
  }
  SEGFORGE_RETURN_IF_ERROR(Wait("the engine"));
  for (size_t i = 0; i < steps; ++i) {
    float ms = 0;
    SEGFORGE_RETURN_IF_CUDA_ERROR(cudaEventElapsedTime(&ms, events_[0].get(), events_[i + 1].get()),
                                  "an event");
    step_ends_us[i] = static_cast<double>(ms) * 1e3;
  }
  return Status();
}

Result<std::vector<double>> CudaSteps::TimeKernels(size_t step, std::span<const Kernel* const> kernels,
                                                   int rounds) {
  const cuda::DeviceScope scope(device_);
  SEGFORGE_RETURN_IF_CUDA_ERROR(scope.error(), "cuda");
  SEGFORGE_RETURN_IF_ERROR(Begin());
  const BoundStep& bound = executor_->steps()[step];
  SEGFORGE_ASSIGN_OR_RETURN(
      const cuda::DeviceBuffer scratch,
      cuda::DeviceBuffer::Make(MostScratchBytes(bound, kernels, plan_->threads), "timing"));
  std::vector<std::function<void()>> launches;
  for (const Kernel* kernel : kernels) {
    launches.emplace_back([&, kernel] {
      kernel->Run({bound.inputs, bound.output, scratch.data(), nullptr, executor_->stream()});
    });
  }
  return cuda::TimeLaunches(executor_->stream(), launches, rounds);
}

Result<ConstTensorView> CudaSteps::Fetch(const ConstTensorView& value, CudaValue& host) {
  const cuda::DeviceScope scope(device_);
  SEGFORGE_RETURN_IF_CUDA_ERROR(scope.error(), "cuda");
  SEGFORGE_RETURN_IF_ERROR(host.Fetch(value, executor_->stream()));
  SEGFORGE_RETURN_IF_ERROR(Wait("a result"));
  return host.view();
}

Result<ConstTensorView> CudaSteps::output(size_t index) {
  SEGFORGE_CHECK(executor_ != nullptr && index < plan_->outputs.size());
  return Fetch(executor_->At(plan_->outputs[index]), outputs_[index]);
}

Result<ConstTensorView> CudaSteps::step_output(size_t step) {
  SEGFORGE_CHECK(executor_ != nullptr && step < executor_->steps().size());
  return Fetch(executor_->steps()[step].output, step_);
}

}  // namespace segforge
