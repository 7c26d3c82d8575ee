#include "engine/cuda_session.h"

#include <algorithm>
#include <array>
#include <thread>

#include "backend/cuda/cuda.h"
#include "backend/cuda/row_ops.h"
#include "base/stopwatch.h"
#include "engine/cuda_executor.h"
#include "engine/cuda_images.h"
#include "engine/cuda_labels.h"

namespace segforge {
namespace {

using cuda::DeviceBuffer;
using cuda::Event;
using cuda::PinnedBuffer;
using cuda::StatusOf;

// They fill the bus, and it takes less time to wake them than it takes to wake all of a large machine's.
constexpr int kCopyThreads = 4;

size_t FloatBytes(const Shape& shape) { return static_cast<size_t>(shape.elems()) * sizeof(float); }

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
        copiers_(std::min(this->threads(), kCopyThreads)) {}
  ~CudaSession() override;

  Status Prepare(std::shared_ptr<const Plan> plan) override;
  Status Start(std::span<const ImageView> images, const Preprocessing& preprocessing,
               const RunResults& results) override;
  Result<RunTimes> Finish(std::span<const LabelMaps> maps) override;
  TensorView input(size_t index) override;
  Status Execute() override;
  Status Execute(FunctionRef<void(size_t step)> after_step) override;
  Status ExecuteTimed(std::span<double> step_ends_us) override;
  Result<ConstTensorView> output(size_t index) override;
  Result<ConstTensorView> step_output(size_t step) override;

 private:
  Status MarkTime(Mark mark, cudaStream_t stream) {
    return StatusOf(cudaEventRecord(marks_[mark].get(), stream), "an event");
  }
  Result<double> MsBetween(Mark first, Mark second) const;
  Result<RunTimes> TimesOfRun() const;
  Status RunSteps(const Preprocessing& preprocessing, const RunResults& results);
  Status WaitForMark(Mark mark);
  Status WaitForRun();

  Status TakeOwn();
  Status UploadInput();
  Status Synchronize(std::string_view what) { return StatusOf(cudaStreamSynchronize(own_->stream()), what); }
  Status ToHost(const ConstTensorView& value, PinnedBuffer& host, cudaStream_t stream);

  const int device_;
  const DeviceWait wait_;
  std::shared_ptr<const Plan> plan_;

  // Of runs from images to labels.
  std::shared_ptr<CudaExecutor> shared_;
  cuda::Stream copies_;
  Marks marks_;
  CudaImages images_;
  CudaLabels labels_;
  ThreadPool copiers_;
  bool under_way_ = false;

  // Of runs step by step, which look into an arena that nobody else may touch in between.
  std::shared_ptr<CudaExecutor> own_;
  AlignedBuffer host_input_;  // what input() gives
  bool host_input_is_new_ = false;
  DeviceBuffer wide_input_;  // f32 on its way to a narrower input
  std::vector<Event> events_;

  std::vector<PinnedBuffer> host_outputs_;  // of each output
  bool outputs_are_fetched_ = false;
  PinnedBuffer host_step_;
  DeviceBuffer wide_value_;  // f32 of a narrower value, on its way to the host
};

CudaSession::~CudaSession() {
  const cuda::DeviceScope scope(device_);
  static_cast<void>(WaitForRun());
}

Status CudaSession::Prepare(std::shared_ptr<const Plan> plan) {
  SEGFORGE_CHECK(plan->threads == threads());
  if (plan == plan_) return Status();
  plan_ = std::move(plan);
  host_input_is_new_ = false;
  host_outputs_.resize(std::max(host_outputs_.size(), plan_->outputs.size()));
  return Status();
}

// ---- From images to labels

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
    SEGFORGE_RETURN_IF_ERROR(ToHost(shared_->At(plan_->outputs[i]), host_outputs_[i], stream));
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
  outputs_are_fetched_ = results.outputs;
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

// ---- Step by step

TensorView CudaSession::input(size_t index) {
  SEGFORGE_CHECK(plan_ != nullptr && index < plan_->inputs.size());
  const Shape& shape = plan_->inputs[index].shape;
  if (host_input_.bytes() < FloatBytes(shape)) host_input_ = AlignedBuffer(FloatBytes(shape));
  host_input_is_new_ = true;
  return {host_input_.data(), DType::kF32, shape};
}

Status CudaSession::TakeOwn() {
  SEGFORGE_CHECK(plan_ != nullptr);
  if (own_ == nullptr) {
    SEGFORGE_ASSIGN_OR_RETURN(own_, CudaExecutor::Make(device_));
  }
  outputs_are_fetched_ = false;
  return own_->Prepare(plan_);
}

Status CudaSession::UploadInput() {
  if (!host_input_is_new_) return Status();
  const TensorView to = own_->At(plan_->inputs.front());
  void* landing = to.data;
  if (to.dtype != DType::kF32) {
    SEGFORGE_RETURN_IF_ERROR(cuda::Grow(wide_input_, FloatBytes(to.shape), "the input"));
    landing = wide_input_.data();
  }
  SEGFORGE_RETURN_IF_CUDA_ERROR(cudaMemcpyAsync(landing, host_input_.data(), FloatBytes(to.shape),
                                                cudaMemcpyHostToDevice, own_->stream()),
                                "the input");
  if (landing != to.data) {
    cuda::LaunchCast(DType::kF32, to.dtype, landing, to.data, to.shape.elems(), own_->stream());
  }
  host_input_is_new_ = false;
  return StatusOf(cudaGetLastError(), "the input");
}

Status CudaSession::Execute() {
  const cuda::DeviceScope scope(device_);
  SEGFORGE_RETURN_IF_CUDA_ERROR(scope.error(), "cuda");
  SEGFORGE_RETURN_IF_ERROR(TakeOwn());
  SEGFORGE_RETURN_IF_ERROR(UploadInput());
  SEGFORGE_RETURN_IF_ERROR(own_->Launch());
  return Synchronize("the engine");
}

Status CudaSession::Execute(FunctionRef<void(size_t)> after_step) {
  const cuda::DeviceScope scope(device_);
  SEGFORGE_RETURN_IF_CUDA_ERROR(scope.error(), "cuda");
  SEGFORGE_RETURN_IF_ERROR(TakeOwn());
  SEGFORGE_RETURN_IF_ERROR(UploadInput());
  for (size_t i = 0; i < own_->steps().size(); ++i) {
    SEGFORGE_RETURN_IF_ERROR(own_->LaunchStep(i));
    SEGFORGE_RETURN_IF_ERROR(Synchronize(own_->steps()[i].step->name));
    after_step(i);
  }
  return Status();
}

Status CudaSession::ExecuteTimed(std::span<double> step_ends_us) {
  const cuda::DeviceScope scope(device_);
  SEGFORGE_RETURN_IF_CUDA_ERROR(scope.error(), "cuda");
  SEGFORGE_RETURN_IF_ERROR(TakeOwn());
  SEGFORGE_RETURN_IF_ERROR(UploadInput());
  const size_t steps = own_->steps().size();
  SEGFORGE_CHECK(step_ends_us.size() == steps);
  while (events_.size() <= steps) {
    SEGFORGE_ASSIGN_OR_RETURN(Event event, cuda::MakeEvent());
    events_.push_back(std::move(event));
  }
  SEGFORGE_RETURN_IF_CUDA_ERROR(cudaEventRecord(events_[0].get(), own_->stream()), "an event");
  for (size_t i = 0; i < steps; ++i) {
    SEGFORGE_RETURN_IF_ERROR(own_->LaunchStep(i));
    SEGFORGE_RETURN_IF_CUDA_ERROR(cudaEventRecord(events_[i + 1].get(), own_->stream()), "an event");
  }
  SEGFORGE_RETURN_IF_ERROR(Synchronize("the engine"));
  for (size_t i = 0; i < steps; ++i) {
    float ms = 0;
    SEGFORGE_RETURN_IF_CUDA_ERROR(cudaEventElapsedTime(&ms, events_[0].get(), events_[i + 1].get()),
                                  "an event");
    step_ends_us[i] = static_cast<double>(ms) * 1e3;
  }
  return Status();
}

// ---- Results

Status CudaSession::ToHost(const ConstTensorView& value, PinnedBuffer& host, cudaStream_t stream) {
  const size_t bytes = FloatBytes(value.shape);
  SEGFORGE_RETURN_IF_ERROR(cuda::Grow(host, bytes, "a result"));
  const void* from = value.data;
  if (value.dtype != DType::kF32) {
    SEGFORGE_RETURN_IF_ERROR(cuda::Grow(wide_value_, bytes, "a result"));
    cuda::LaunchCast(value.dtype, DType::kF32, value.data, wide_value_.data(), value.shape.elems(), stream);
    SEGFORGE_RETURN_IF_CUDA_ERROR(cudaGetLastError(), "a result");
    from = wide_value_.data();
  }
  return StatusOf(cudaMemcpyAsync(host.data(), from, bytes, cudaMemcpyDeviceToHost, stream), "a result");
}

Result<ConstTensorView> CudaSession::output(size_t index) {
  SEGFORGE_CHECK(plan_ != nullptr && index < plan_->outputs.size());
  const BufferPlace& place = plan_->outputs[index];
  PinnedBuffer& host = host_outputs_[index];
  if (!outputs_are_fetched_) {
    SEGFORGE_CHECK(own_ != nullptr);
    const cuda::DeviceScope scope(device_);
    SEGFORGE_RETURN_IF_CUDA_ERROR(scope.error(), "cuda");
    SEGFORGE_RETURN_IF_ERROR(ToHost(own_->At(place), host, own_->stream()));
    SEGFORGE_RETURN_IF_ERROR(Synchronize("a result"));
  }
  return ConstTensorView{host.data(), DType::kF32, place.shape};
}

Result<ConstTensorView> CudaSession::step_output(size_t step) {
  SEGFORGE_CHECK(own_ != nullptr && step < own_->steps().size());
  const cuda::DeviceScope scope(device_);
  SEGFORGE_RETURN_IF_CUDA_ERROR(scope.error(), "cuda");
  const TensorView value = own_->steps()[step].output;
  SEGFORGE_RETURN_IF_ERROR(ToHost(value, host_step_, own_->stream()));
  SEGFORGE_RETURN_IF_ERROR(Synchronize("a result"));
  return ConstTensorView{host_step_.data(), DType::kF32, value.shape};
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
