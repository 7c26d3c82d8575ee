#include "engine/cuda_executor.h"

namespace segforge {
namespace {

using cuda::GraphExec;

// A folder of images mixes a few sizes.
constexpr size_t kMaxGraphs = 8;

}  // namespace

Result<std::shared_ptr<CudaExecutor>> CudaExecutor::Make(int device) {
  const cuda::DeviceScope scope(device);
  SEGFORGE_RETURN_IF_CUDA_ERROR(scope.error(), fmt::format("cuda:{}", device));
  SEGFORGE_ASSIGN_OR_RETURN(cuda::Stream stream, cuda::MakeStream());
  return std::shared_ptr<CudaExecutor>(new CudaExecutor(device, std::move(stream)));
}

CudaExecutor::~CudaExecutor() {
  const cuda::DeviceScope scope(device_);
  cudaStreamSynchronize(stream_.get());
}

Status CudaExecutor::Prepare(const std::shared_ptr<const Plan>& plan) {
  if (plan == plan_) return Status();
  plan_ = nullptr;
  if (plan->arena_bytes > arena_.bytes()) {
    const InputSize& size = plan->size;
    SEGFORGE_RETURN_IF_CUDA_ERROR(cudaStreamSynchronize(stream_.get()), "the engine");
    graphs_.clear();
    SEGFORGE_RETURN_IF_ERROR(
        cuda::Grow(arena_, plan->arena_bytes, fmt::format("the plan for {}x{}x{}", size.n, size.h, size.w)));
  }
  plan_ = plan;
  steps_.Bind(*plan_, arena_.data());
  return Status();
}

Status CudaExecutor::LaunchStep(size_t step) {
  const BoundStep& bound = steps_[step];
  bound.step->run->Run({bound.inputs, bound.output, bound.scratch, nullptr, stream_.get()});
  const cudaError_t error = cudaGetLastError();
  if (error == cudaSuccess) return Status();
  return IoError("{} ({}): CUDA: {}", bound.step->name, bound.step->kernel, cudaGetErrorString(error));
}

// A library's kernel is loaded when it is first launched, which a capture need not allow. Steps write to
// nothing that a run does not write anew.
Status CudaExecutor::RunTunedSteps() {
  for (size_t step = 0; step < steps_.size(); ++step) {
    if (!steps_[step].step->tactic.empty()) SEGFORGE_RETURN_IF_ERROR(LaunchStep(step));
  }
  return Status();
}

Result<CudaExecutor::PlanGraph> CudaExecutor::Capture() {
  SEGFORGE_RETURN_IF_CUDA_ERROR(cudaStreamBeginCapture(stream_.get(), cudaStreamCaptureModeThreadLocal),
                                "the graph");
  Status status;
  for (size_t step = 0; step < steps_.size() && status.ok(); ++step) status = LaunchStep(step);
  cudaGraph_t graph = nullptr;
  const cudaError_t ended = cudaStreamEndCapture(stream_.get(), &graph);
  cudaGraphExec_t made = nullptr;
  const cudaError_t error = ended == cudaSuccess ? cudaGraphInstantiate(&made, graph, 0) : ended;
  PlanGraph captured = {plan_, GraphExec(made)};
  if (graph != nullptr) {
    static_cast<void>(cudaGraphGetNodes(graph, nullptr, &captured.kernels));
    cudaGraphDestroy(graph);
  }
  SEGFORGE_RETURN_IF_ERROR(status);
  SEGFORGE_RETURN_IF_CUDA_ERROR(error, "the graph");
  return captured;
}

Result<cudaGraphExec_t> CudaExecutor::GraphOfPlan() {
  for (auto it = graphs_.begin(); it != graphs_.end(); ++it) {
    if (it->plan != plan_) continue;
    graphs_.splice(graphs_.begin(), graphs_, it);
    return graphs_.front().exec.get();
  }
  SEGFORGE_RETURN_IF_ERROR(RunTunedSteps());
  SEGFORGE_ASSIGN_OR_RETURN(PlanGraph graph, Capture());
  if (graphs_.size() == kMaxGraphs) graphs_.pop_back();
  graphs_.push_front(std::move(graph));
  return graphs_.front().exec.get();
}

Status CudaExecutor::Launch() {
  SEGFORGE_ASSIGN_OR_RETURN(const cudaGraphExec_t graph, GraphOfPlan());
  return cuda::StatusOf(cudaGraphLaunch(graph, stream_.get()), "the engine");
}

}  // namespace segforge
