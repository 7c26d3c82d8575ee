// Memory of a GPU in which plans run, and the stream on which their runs follow each other. All of a plan's
// steps are launched as one graph, captured when the plan runs for the first time.
#pragma once

#include <list>
#include <memory>
#include <mutex>

#include "backend/cuda/handles.h"
#include "engine/bound_steps.h"
#include "engine/session.h"

namespace segforge {

class CudaExecutor final : public SharedDevice {
 public:
  static Result<std::shared_ptr<CudaExecutor>> Make(int device);
  ~CudaExecutor() override;

  int device() const { return device_; }
  cudaStream_t stream() const { return stream_.get(); }
  // Held from Prepare to the last launch that reads the arena, by one of those that share it. The device is
  // current on the holder's thread.
  std::mutex& turn() { return turn_; }

  // Makes the arena large enough, where it is not waiting for what runs in it, and binds the plan's steps.
  Status Prepare(const std::shared_ptr<const Plan>& plan);
  const BoundSteps& steps() const { return steps_; }
  TensorView At(const BufferPlace& place) const { return Bind(place, arena_.data()); }

  // Of the plan prepared. They return when all is launched: what fails on the device is known when the stream
  // is waited for.
  Status Launch();
  Status LaunchStep(size_t step);
  // In the graph that was launched last.
  int64_t kernels() const { return graphs_.empty() ? 0 : static_cast<int64_t>(graphs_.front().kernels); }

 private:
  struct PlanGraph {
    std::shared_ptr<const Plan> plan;
    cuda::GraphExec exec;
    size_t kernels = 0;
  };

  CudaExecutor(int device, cuda::Stream stream) : device_(device), stream_(std::move(stream)) {}
  Status RunTunedSteps();
  Result<PlanGraph> Capture();
  Result<cudaGraphExec_t> GraphOfPlan();

  const int device_;
  std::mutex turn_;  // guards what follows
  cuda::Stream stream_;
  cuda::DeviceBuffer arena_;
  std::shared_ptr<const Plan> plan_;
  BoundSteps steps_;
  std::list<PlanGraph> graphs_;  // the one used last comes first; all of them point into the arena as it is
};

}  // namespace segforge
