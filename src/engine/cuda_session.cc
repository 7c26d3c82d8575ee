#include "engine/cuda_session.h"

#include <algorithm>
#include <array>
#include <thread>

#include "backend/cuda/cuda.h"
#include "base/stopwatch.h"
#include "engine/cuda_executor.h"
#include "engine/cuda_images.h"
#include "engine/cuda_labels.h"
#include "engine/cuda_steps.h"

namespace segforge {
namespace {

using cuda::Event;
using cuda::StatusOf;

// They fill the bus, and it takes less time to wake them than it takes to wake all of a large machine's.
constexpr int kCopyThreads = 4;

// Moments of a run on the device. The session's own stream uploads, and downloads; steps run on the
// executor's, where they wait for their turn.
enum Mark : size_t { kBegin, kUploaded, kTurn, kInput, kSteps, kLabels, kEnd, kMarks };
using Marks = std::array<Event, kMarks>;

class CudaSession final : public Session {
 public:
  CudaSession(std::shared_ptr<CudaExecutor> shared, int threads, DeviceWait wait, cuda::Stream copies,
              Marks marks)
      : Session(threads),
        device_(shared->device()),
        wait_(wait),
        shared_(std::move(shared)),
        copies_(std::move(copies)),
        marks_(std::move(marks)),
        copiers_(std::min(this->threads(), kCopyThreads)),
        steps_(device_) {}
  ~CudaSession() override;

  Status Prepare(std::shared_ptr<const Plan> plan) override;
  Status Start(std::span<const ImageView> images, const Preprocessing& preprocessing,
               const RunResults& results) override;
  Result<RunTimes> Finish(std::span<const LabelMaps> maps) override;
  TensorView input(size_t index) override { return steps_.input(index); }
  Status Execute() override {
    ran_by_steps_ = true;
    return steps_.Execute();
  }
  int64_t kernels() const override { return steps_.kernels(); }
  Status Execute(FunctionRef<void(size_t step)> after_step) override {
    ran_by_steps_ = true;
    return steps_.Execute(after_step);
  }
  Status ExecuteTimed(std::span<double> step_ends_us) override {
    ran_by_steps_ = true;
    return steps_.ExecuteTimed(step_ends_us);
  }
  Result<std::vector<double>> TimeKernels(size_t step, std::span<const Kernel* const> kernels,
                                          int rounds) override {
    ran_by_steps_ = true;
    return steps_.TimeKernels(step, kernels, rounds);
  }
  Result<ConstTensorView> output(size_t index) override;
  Result<ConstTensorView> step_output(size_t step) override { return steps_.step_output(step); }

 private:
  Status MarkTime(Mark mark, cudaStream_t stream) {
    return StatusOf(cudaEventRecord(marks_[mark].get(), stream), "an event");
  }
  Result<double> MsBetween(Mark first, Mark second) const;
  Result<RunTimes> TimesOfRun() const;
  Status RunSteps(const Preprocessing& preprocessing, const RunResults& results);
  Status WaitForMark(Mark mark);
  Status WaitForRun();

  const int device_;
  const DeviceWait wait_;
  std::shared_ptr<const Plan> plan_;

  std::shared_ptr<CudaExecutor> shared_;
  cuda::Stream copies_;
  Marks marks_;
  CudaImages images_;
  CudaLabels labels_;
  ThreadPool copiers_;
  bool under_way_ = false;

  std::vector<CudaValue> outputs_;  // of the run, where they were asked for

  CudaSteps steps_;
  bool ran_by_steps_ = false;
};

CudaSession::~CudaSession() {
  const cuda::DeviceScope scope(device_);
  static_cast<void>(WaitForRun());
}

Status CudaSession::Prepare(std::shared_ptr<const Plan> plan) {
  SEGFORGE_CHECK(plan->threads == threads());
  if (plan == plan_) return Status();
  plan_ = std::move(plan);
  steps_.Prepare(plan_);
  outputs_.resize(std::max(outputs_.size(), plan_->outputs.size()));
  return Status();
}

Result<ConstTensorView> CudaSession::output(size_t index) {
  SEGFORGE_CHECK(plan_ != nullptr && index < plan_->outputs.size());
  if (ran_by_steps_) return steps_.output(index);
  return outputs_[index].view();
}

Status CudaSession::WaitForMark(Mark mark) {
  const cudaEvent_t event = marks_[mark].get();
  if (wait_ == DeviceWait::kSleep) return StatusOf(cudaEventSynchronize(event), "the engine");
  cudaError_t error = cudaEventQuery(event);
  for (; error == cudaErrorNotReady; error = cudaEventQuery(event)) {
    static_cast<void>(cudaGetLastError());  // "not ready" counts as one
    std::this_thread::yield();
  }
  return StatusOf(error, "the engine");
}

// Of a run that was never finished too.
Status CudaSession::WaitForRun() {
  if (!under_way_) return Status();
  under_way_ = false;
  const cudaError_t copies = cudaStreamSynchronize(copies_.get());
  const cudaError_t steps = cudaEventSynchronize(marks_[kLabels].get());
  return StatusOf(copies != cudaSuccess ? copies : steps, "the engine");
}

// In the shared arena, whose turn is this session's.
Status CudaSession::RunSteps(const Preprocessing& preprocessing, const RunResults& results) {
  SEGFORGE_RETURN_IF_ERROR(shared_->Prepare(plan_));
  const cudaStream_t stream = shared_->stream();
  SEGFORGE_RETURN_IF_CUDA_ERROR(cudaStreamWaitEvent(stream, marks_[kUploaded].get(), 0), "the image");
  SEGFORGE_RETURN_IF_ERROR(MarkTime(kTurn, stream));
  const TensorView input = shared_->At(plan_->inputs.front());
  SEGFORGE_RETURN_IF_ERROR(images_.Normalize(input, preprocessing, stream));
  SEGFORGE_RETURN_IF_ERROR(MarkTime(kInput, stream));
  SEGFORGE_RETURN_IF_ERROR(shared_->Launch());
  SEGFORGE_RETURN_IF_ERROR(MarkTime(kSteps, stream));
  SEGFORGE_RETURN_IF_ERROR(labels_.Launch(shared_->At(plan_->outputs.front()), stream));
  for (size_t i = 0; results.outputs && i < plan_->outputs.size(); ++i) {
    SEGFORGE_RETURN_IF_ERROR(outputs_[i].Fetch(shared_->At(plan_->outputs[i]), stream));
  }
  return MarkTime(kLabels, stream);
}

Status CudaSession::Start(std::span<const ImageView> images, const Preprocessing& preprocessing,
                          const RunResults& results) {
  SEGFORGE_CHECK(plan_ != nullptr && static_cast<int64_t>(images.size()) == plan_->inputs.front().shape[0]);
  const cuda::DeviceScope scope(device_);
  SEGFORGE_RETURN_IF_CUDA_ERROR(scope.error(), "cuda");
  SEGFORGE_RETURN_IF_ERROR(WaitForRun());
  under_way_ = true;
  ran_by_steps_ = false;
  SEGFORGE_RETURN_IF_ERROR(MarkTime(kBegin, copies_.get()));
  SEGFORGE_RETURN_IF_ERROR(
      images_.Upload(images, plan_->inputs.front(), preprocessing, copiers_, copies_.get()));
  SEGFORGE_RETURN_IF_ERROR(MarkTime(kUploaded, copies_.get()));
  SEGFORGE_RETURN_IF_ERROR(labels_.Prepare(images, results));
  const std::lock_guard turn(shared_->turn());
  return RunSteps(preprocessing, results);
}

Result<double> CudaSession::MsBetween(Mark first, Mark second) const {
  float ms = 0;
  SEGFORGE_RETURN_IF_CUDA_ERROR(cudaEventElapsedTime(&ms, marks_[first].get(), marks_[second].get()),
                                "an event");
  return static_cast<double>(ms);
}

Result<RunTimes> CudaSession::TimesOfRun() const {
  SEGFORGE_ASSIGN_OR_RETURN(const double upload, MsBetween(kBegin, kUploaded));
  SEGFORGE_ASSIGN_OR_RETURN(const double normalize, MsBetween(kTurn, kInput));
  SEGFORGE_ASSIGN_OR_RETURN(const double steps, MsBetween(kInput, kSteps));
  SEGFORGE_ASSIGN_OR_RETURN(const double labels, MsBetween(kSteps, kEnd));
  return RunTimes{upload + normalize, steps, labels};
}

Result<RunTimes> CudaSession::Finish(std::span<const LabelMaps> maps) {
  SEGFORGE_CHECK(under_way_);
  const cuda::DeviceScope scope(device_);
  SEGFORGE_RETURN_IF_CUDA_ERROR(scope.error(), "cuda");
  SEGFORGE_RETURN_IF_CUDA_ERROR(cudaStreamWaitEvent(copies_.get(), marks_[kLabels].get(), 0), "label maps");
  SEGFORGE_RETURN_IF_ERROR(labels_.Download(maps, copies_.get()));
  SEGFORGE_RETURN_IF_ERROR(MarkTime(kEnd, copies_.get()));
  SEGFORGE_RETURN_IF_ERROR(WaitForMark(kEnd));
  under_way_ = false;
  Stopwatch watch;
  labels_.CopyOut(copiers_);
  SEGFORGE_ASSIGN_OR_RETURN(RunTimes times, TimesOfRun());
  times.labels += watch.LapMs();
  return times;
}

}  // namespace

Result<std::shared_ptr<SharedDevice>> ShareCudaDevice(int device) {
  SEGFORGE_RETURN_IF_ERROR(DescribeCudaDevice(device).status());
  SEGFORGE_ASSIGN_OR_RETURN(std::shared_ptr<CudaExecutor> executor, CudaExecutor::Make(device));
  return std::shared_ptr<SharedDevice>(std::move(executor));
}

Result<std::unique_ptr<Session>> MakeCudaSession(const std::shared_ptr<SharedDevice>& shared, int threads,
                                                 DeviceWait wait) {
  auto executor = std::static_pointer_cast<CudaExecutor>(shared);
  const cuda::DeviceScope scope(executor->device());
  SEGFORGE_RETURN_IF_CUDA_ERROR(scope.error(), "cuda");
  SEGFORGE_ASSIGN_OR_RETURN(cuda::Stream copies, cuda::MakeStream());
  Marks marks;
  for (size_t i = 0; i < kMarks; ++i) {
    const bool sleeps = i == kEnd && wait == DeviceWait::kSleep;
    SEGFORGE_ASSIGN_OR_RETURN(marks[i], cuda::MakeEvent(sleeps ? cudaEventBlockingSync : cudaEventDefault));
  }
  return std::unique_ptr<Session>(
      std::make_unique<CudaSession>(std::move(executor), threads, wait, std::move(copies), std::move(marks)));
}

}  // namespace segforge
