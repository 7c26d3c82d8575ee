#include "engine/cuda_session.h"

#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstring>
#include <list>

#include "backend/cuda/cuda.h"
#include "backend/cuda/device_memory.h"
#include "backend/cuda/handles.h"
#include "backend/cuda/normalize.h"
#include "backend/cuda/row_ops.h"
#include "backend/cuda/time_launches.h"
#include "backend/cuda/upsample.h"
#include "engine/bound_steps.h"

namespace segforge {
namespace {

using cuda::DeviceBuffer;
using cuda::Event;
using cuda::GraphExec;
using cuda::PinnedBuffer;
using cuda::StatusOf;
using cuda::Stream;

// One thread copies a few gigabytes a second, which for a large image takes as long as the network.
constexpr int64_t kRowsPerCopy = 64;
constexpr size_t kBytesPerCopy = size_t{1} << 17;

// Graphs of the plans that were run last; a folder of images mixes a few sizes.
constexpr size_t kMaxGraphs = 8;

#define SEGFORGE_RETURN_IF_CUDA_ERROR(call, what) SEGFORGE_RETURN_IF_ERROR(StatusOf(call, what))

size_t FloatBytes(const Shape& shape) { return static_cast<size_t>(shape.elems()) * sizeof(float); }

// A buffer that only grows.
template <typename Buffer>
Status Grow(Buffer& buffer, size_t bytes, std::string_view what) {
  if (bytes <= buffer.bytes()) return Status();
  buffer = Buffer();  // first, so that both are never held at once
  SEGFORGE_ASSIGN_OR_RETURN(buffer, Buffer::Make(bytes, what));
  return Status();
}

// All of a plan's steps are launched as one graph, captured when the plan runs for the first time.
class CudaSession final : public Session {
 public:
  CudaSession(int device, int threads, Stream stream)
      : Session(threads), device_(device), stream_(std::move(stream)) {}
  ~CudaSession() override { cudaSetDevice(device_); }

  Status Prepare(std::shared_ptr<const Plan> plan) override;
  TensorView input(size_t index) override;
  Status SetImage(int64_t n, const ImageView& image, const Preprocessing& preprocessing) override;
  Status Execute() override;
  Status Execute(FunctionRef<void(size_t step)> after_step) override;
  Status ExecuteTimed(std::span<double> step_ends_us) override;
  Result<std::vector<double>> TimeKernels(size_t step, std::span<const Kernel* const> kernels,
                                          int rounds) override;
  ConstTensorView output(size_t index) const override;
  ConstTensorView step_output(size_t step) const override;
  Status Labels(int64_t n, const LabelMaps& maps) override;

 private:
  struct PlanGraph {
    std::shared_ptr<const Plan> plan;
    GraphExec exec;
  };

  TensorView At(const BufferPlace& place) const { return Bind(place, arena_.data()); }
  Status RunStep(const BoundStep& bound);
  Status RunTunedSteps();
  Status UploadInput();
  Result<cudaGraphExec_t> GraphOfPlan();
  Result<GraphExec> Capture();
  void CopyOut(void* to, const std::byte* from, size_t bytes) {
    const auto blocks = static_cast<int64_t>((bytes + kBytesPerCopy - 1) / kBytesPerCopy);
    pool().ParallelFor(blocks, 1, [&](int64_t begin, int64_t end, int) {
      const size_t first = static_cast<size_t>(begin) * kBytesPerCopy;
      const size_t last = std::min(bytes, static_cast<size_t>(end) * kBytesPerCopy);
      std::memcpy(static_cast<std::byte*>(to) + first, from + first, last - first);
    });
  }
  Status Synchronize(std::string_view what) { return StatusOf(cudaStreamSynchronize(stream_.get()), what); }
  ConstTensorView ToHost(const ConstTensorView& device, PinnedBuffer& host) const;

  int device_;
  Stream stream_;
  DeviceBuffer arena_;
  std::shared_ptr<const Plan> plan_;
  BoundSteps steps_;
  // The one used last comes first; all of them point into the arena as it is now.
  std::list<PlanGraph> graphs_;
  std::vector<Event> events_;

  PinnedBuffer host_input_;  // what input() gives
  DeviceBuffer wide_input_;  // f32 on its way to a narrower input
  bool host_input_is_new_ = false;
  PinnedBuffer host_image_;  // the batch's images as they are copied
  DeviceBuffer device_image_;
  PinnedBuffer host_labels_;
  DeviceBuffer device_labels_;
  mutable std::vector<PinnedBuffer> host_outputs_;  // of each output; fetched when it is asked for
  mutable PinnedBuffer host_step_;
  mutable DeviceBuffer wide_value_;
};

Status CudaSession::Prepare(std::shared_ptr<const Plan> plan) {
  SEGFORGE_CHECK(plan->threads == threads());
  if (plan == plan_) return Status();
  SEGFORGE_RETURN_IF_CUDA_ERROR(cudaSetDevice(device_), "cuda");
  plan_ = nullptr;
  if (plan->arena_bytes > arena_.bytes()) {
    const InputSize& size = plan->size;
    const std::string what = fmt::format("the plan for {}x{}x{}", size.n, size.h, size.w);
    graphs_.clear();
    SEGFORGE_RETURN_IF_ERROR(Grow(arena_, plan->arena_bytes, what));
  }
  const BufferPlace& input = plan->inputs.front();
  SEGFORGE_RETURN_IF_ERROR(Grow(device_image_, static_cast<size_t>(input.shape.elems()), "the images"));
  SEGFORGE_RETURN_IF_ERROR(Grow(host_image_, static_cast<size_t>(input.shape.elems()), "the images"));
  // Page-locked memory for what input() and output() give: these cannot fail.
  SEGFORGE_RETURN_IF_ERROR(Grow(host_input_, FloatBytes(input.shape), "the input"));
  host_outputs_.resize(std::max(host_outputs_.size(), plan->outputs.size()));
  for (size_t i = 0; i < plan->outputs.size(); ++i) {
    SEGFORGE_RETURN_IF_ERROR(Grow(host_outputs_[i], FloatBytes(plan->outputs[i].shape), "the outputs"));
  }
  plan_ = std::move(plan);
  host_input_is_new_ = false;
  steps_.Bind(*plan_, arena_.data());
  return Status();
}

TensorView CudaSession::input(size_t index) {
  SEGFORGE_CHECK(plan_ != nullptr && index < plan_->inputs.size());
  host_input_is_new_ = true;
  return {host_input_.data(), DType::kF32, plan_->inputs[index].shape};
}

Status CudaSession::UploadInput() {
  if (!host_input_is_new_) return Status();
  const BufferPlace& place = plan_->inputs.front();
  const size_t bytes = FloatBytes(place.shape);
  const TensorView to = At(place);
  void* landing = to.data;
  if (place.dtype != DType::kF32) {
    SEGFORGE_RETURN_IF_ERROR(Grow(wide_input_, bytes, "the input"));
    landing = wide_input_.data();
  }
  SEGFORGE_RETURN_IF_CUDA_ERROR(
      cudaMemcpyAsync(landing, host_input_.data(), bytes, cudaMemcpyHostToDevice, stream_.get()),
      "the input");
  if (landing != to.data) {
    cuda::LaunchCast(DType::kF32, place.dtype, landing, to.data, place.shape.elems(), stream_.get());
  }
  host_input_is_new_ = false;
  return StatusOf(cudaGetLastError(), "the input");
}

Status CudaSession::SetImage(int64_t n, const ImageView& image, const Preprocessing& preprocessing) {
  SEGFORGE_CHECK(plan_ != nullptr);
  const BufferPlace& place = plan_->inputs.front();
  const ImageSize size = {place.shape[1], place.shape[2]};
  ImageView source = image;
  Image resized;
  if (size != ImageSize{image.height, image.width}) {
    resized = Resize(image, size, preprocessing.resample, &pool());
    source = resized.view();
  }
  const int64_t row_bytes = size.width * 3, image_bytes = size.height * row_bytes;
  std::byte* const host = host_image_.data() + n * image_bytes;
  pool().ParallelFor(size.height, kRowsPerCopy, [&](int64_t begin, int64_t end, int) {
    for (int64_t y = begin; y < end; ++y) {
      std::memcpy(host + y * row_bytes, source.data + y * source.stride_bytes,
                  static_cast<size_t>(row_bytes));
    }
  });
  SEGFORGE_RETURN_IF_CUDA_ERROR(cudaSetDevice(device_), "cuda");
  std::byte* const device = device_image_.data() + n * image_bytes;
  SEGFORGE_RETURN_IF_CUDA_ERROR(
      cudaMemcpyAsync(device, host, static_cast<size_t>(image_bytes), cudaMemcpyHostToDevice, stream_.get()),
      "the image");
  cuda::NormalizeArgs args;
  args.x = reinterpret_cast<const uint8_t*>(device);
  args.y = arena_.data() + place.offset_bytes + static_cast<size_t>(n * image_bytes) * SizeOf(place.dtype);
  args.pixels = size.height * size.width;
  args.rescale = preprocessing.rescale;
  for (size_t c = 0; c < 3; ++c) {
    args.mean[c] = preprocessing.mean[c];
    args.std[c] = preprocessing.std[c];
  }
  cuda::LaunchNormalize(place.dtype, args, stream_.get());
  host_input_is_new_ = false;
  return StatusOf(cudaGetLastError(), "the image");
}

// A launch that cannot be made is known at once; what fails while running is known when the stream is waited
// for.
Status CudaSession::RunStep(const BoundStep& bound) {
  bound.step->run->Run({bound.inputs, bound.output, bound.scratch, &pool(), stream_.get()});
  const cudaError_t error = cudaGetLastError();
  if (error == cudaSuccess) return Status();
  return IoError("{} ({}): CUDA: {}", bound.step->name, bound.step->kernel, cudaGetErrorString(error));
}

// A library's kernel is loaded when it is first launched, which a capture need not allow. Steps write to
// nothing that a run does not write anew.
Status CudaSession::RunTunedSteps() {
  for (const BoundStep& step : steps_) {
    if (!step.step->tactic.empty()) SEGFORGE_RETURN_IF_ERROR(RunStep(step));
  }
  return Status();
}

Result<GraphExec> CudaSession::Capture() {
  SEGFORGE_RETURN_IF_CUDA_ERROR(cudaStreamBeginCapture(stream_.get(), cudaStreamCaptureModeThreadLocal),
                                "the graph");
  Status status;
  for (const BoundStep& step : steps_) {
    status = RunStep(step);
    if (!status.ok()) break;
  }
  cudaGraph_t graph = nullptr;
  const cudaError_t ended = cudaStreamEndCapture(stream_.get(), &graph);
  SEGFORGE_RETURN_IF_ERROR(status);
  SEGFORGE_RETURN_IF_CUDA_ERROR(ended, "the graph");
  cudaGraphExec_t exec = nullptr;
  const cudaError_t made = cudaGraphInstantiate(&exec, graph, 0);
  cudaGraphDestroy(graph);
  SEGFORGE_RETURN_IF_CUDA_ERROR(made, "the graph");
  return GraphExec(exec);
}

Result<cudaGraphExec_t> CudaSession::GraphOfPlan() {
  for (auto it = graphs_.begin(); it != graphs_.end(); ++it) {
    if (it->plan != plan_) continue;
    graphs_.splice(graphs_.begin(), graphs_, it);
    return graphs_.front().exec.get();
  }
  SEGFORGE_RETURN_IF_ERROR(RunTunedSteps());
  SEGFORGE_ASSIGN_OR_RETURN(GraphExec exec, Capture());
  if (graphs_.size() == kMaxGraphs) graphs_.pop_back();
  graphs_.push_front({plan_, std::move(exec)});
  return graphs_.front().exec.get();
}

Status CudaSession::Execute() {
  SEGFORGE_CHECK(plan_ != nullptr);
  SEGFORGE_RETURN_IF_CUDA_ERROR(cudaSetDevice(device_), "cuda");
  SEGFORGE_RETURN_IF_ERROR(UploadInput());
  SEGFORGE_ASSIGN_OR_RETURN(const cudaGraphExec_t graph, GraphOfPlan());
  SEGFORGE_RETURN_IF_CUDA_ERROR(cudaGraphLaunch(graph, stream_.get()), "the engine");
  return Synchronize("the engine");
}

Status CudaSession::Execute(FunctionRef<void(size_t)> after_step) {
  SEGFORGE_CHECK(plan_ != nullptr);
  SEGFORGE_RETURN_IF_CUDA_ERROR(cudaSetDevice(device_), "cuda");
  SEGFORGE_RETURN_IF_ERROR(UploadInput());
  for (size_t i = 0; i < steps_.size(); ++i) {
    SEGFORGE_RETURN_IF_ERROR(RunStep(steps_[i]));
    SEGFORGE_RETURN_IF_ERROR(Synchronize(steps_[i].step->name));
    after_step(i);
  }
  return Status();
}

Status CudaSession::ExecuteTimed(std::span<double> step_ends_us) {
  SEGFORGE_CHECK(plan_ != nullptr && step_ends_us.size() == steps_.size());
  SEGFORGE_RETURN_IF_CUDA_ERROR(cudaSetDevice(device_), "cuda");
  SEGFORGE_RETURN_IF_ERROR(UploadInput());
  while (events_.size() <= steps_.size()) {
    cudaEvent_t event = nullptr;
    SEGFORGE_RETURN_IF_CUDA_ERROR(cudaEventCreate(&event), "an event");
    events_.emplace_back(event);
  }
  SEGFORGE_RETURN_IF_CUDA_ERROR(cudaEventRecord(events_[0].get(), stream_.get()), "an event");
  for (size_t i = 0; i < steps_.size(); ++i) {
    SEGFORGE_RETURN_IF_ERROR(RunStep(steps_[i]));
    SEGFORGE_RETURN_IF_CUDA_ERROR(cudaEventRecord(events_[i + 1].get(), stream_.get()), "an event");
  }
  SEGFORGE_RETURN_IF_ERROR(Synchronize("the engine"));
  for (size_t i = 0; i < steps_.size(); ++i) {
    float ms = 0;
    SEGFORGE_RETURN_IF_CUDA_ERROR(cudaEventElapsedTime(&ms, events_[0].get(), events_[i + 1].get()),
                                  "an event");
    step_ends_us[i] = static_cast<double>(ms) * 1e3;
  }
  return Status();
}

Result<std::vector<double>> CudaSession::TimeKernels(size_t step, std::span<const Kernel* const> kernels,
                                                     int rounds) {
  SEGFORGE_CHECK(step < steps_.size());
  SEGFORGE_RETURN_IF_CUDA_ERROR(cudaSetDevice(device_), "cuda");
  const BoundStep& bound = steps_[step];
  SEGFORGE_ASSIGN_OR_RETURN(const DeviceBuffer scratch,
                            DeviceBuffer::Make(MostScratchBytes(bound, kernels), "timing"));
  std::vector<std::function<void()>> launches;
  for (const Kernel* kernel : kernels) {
    launches.emplace_back([&, kernel] {
      kernel->Run({bound.inputs, bound.output, scratch.data(), &pool(), stream_.get()});
    });
  }
  return cuda::TimeLaunches(stream_.get(), launches, rounds);
}

// f32 in page-locked memory. A device that is lost here was reported by Execute, or is by what comes next.
ConstTensorView CudaSession::ToHost(const ConstTensorView& device, PinnedBuffer& host) const {
  const size_t bytes = FloatBytes(device.shape);
  SEGFORGE_CHECK(cudaSetDevice(device_) == cudaSuccess && Grow(host, bytes, "a result").ok());
  const void* from = device.data;
  if (device.dtype != DType::kF32) {
    SEGFORGE_CHECK(Grow(wide_value_, bytes, "a result").ok());
    cuda::LaunchCast(device.dtype, DType::kF32, device.data, wide_value_.data(), device.shape.elems(),
                     stream_.get());
    from = wide_value_.data();
  }
  static_cast<void>(cudaMemcpyAsync(host.data(), from, bytes, cudaMemcpyDeviceToHost, stream_.get()));
  static_cast<void>(cudaStreamSynchronize(stream_.get()));
  return {host.data(), DType::kF32, device.shape};
}

ConstTensorView CudaSession::output(size_t index) const {
  SEGFORGE_CHECK(plan_ != nullptr && index < plan_->outputs.size());
  return ToHost(At(plan_->outputs[index]), host_outputs_[index]);
}

ConstTensorView CudaSession::step_output(size_t step) const {
  SEGFORGE_CHECK(step < steps_.size());
  return ToHost(steps_[step].output, host_step_);
}

Status CudaSession::Labels(int64_t n, const LabelMaps& maps) {
  SEGFORGE_CHECK(plan_ != nullptr);
  const BufferPlace& place = plan_->outputs.front();
  SEGFORGE_CHECK(place.dtype == DType::kF32);
  const Shape& size = maps.labels.data != nullptr ? maps.labels.shape : maps.confidence.shape;
  const size_t pixels = static_cast<size_t>(size.elems());
  const size_t label_bytes = maps.labels.data != nullptr ? pixels * SizeOf(maps.labels.dtype) : 0;
  const size_t confidence_bytes = maps.confidence.data != nullptr ? pixels * sizeof(float) : 0;
  SEGFORGE_RETURN_IF_CUDA_ERROR(cudaSetDevice(device_), "cuda");
  SEGFORGE_RETURN_IF_ERROR(Grow(device_labels_, confidence_bytes + label_bytes, "label maps"));
  SEGFORGE_RETURN_IF_ERROR(Grow(host_labels_, confidence_bytes + label_bytes, "label maps"));
  cuda::UpsampleArgmaxArgs args;
  const int64_t image_elems = place.shape.elems() / place.shape[0];
  args.logits = At(place).as<float>() + n * image_elems;
  args.n = 1;
  args.height = static_cast<int>(place.shape[1]);
  args.width = static_cast<int>(place.shape[2]);
  args.classes = static_cast<int>(place.shape[3]);
  args.out_height = static_cast<int>(size[0]);
  args.out_width = static_cast<int>(size[1]);
  if (confidence_bytes > 0) args.confidence = device_labels_.as<float>();
  if (label_bytes > 0) args.labels = device_labels_.data() + confidence_bytes;
  args.wide_labels = maps.labels.dtype == DType::kU16;
  cuda::LaunchUpsampleArgmax(args, stream_.get());
  SEGFORGE_RETURN_IF_CUDA_ERROR(cudaGetLastError(), "label maps");
  SEGFORGE_RETURN_IF_CUDA_ERROR(
      cudaMemcpyAsync(host_labels_.data(), device_labels_.data(), confidence_bytes + label_bytes,
                      cudaMemcpyDeviceToHost, stream_.get()),
      "label maps");
  SEGFORGE_RETURN_IF_ERROR(Synchronize("label maps"));
  CopyOut(maps.confidence.data, host_labels_.data(), confidence_bytes);
  CopyOut(maps.labels.data, host_labels_.data() + confidence_bytes, label_bytes);
  return Status();
}

}  // namespace

Result<std::unique_ptr<Session>> MakeCudaSession(int device, int threads) {
  SEGFORGE_RETURN_IF_ERROR(CudaDevices().status());
  SEGFORGE_RETURN_IF_CUDA_ERROR(cudaSetDevice(device), fmt::format("cuda:{}", device));
  cudaStream_t stream = nullptr;
  SEGFORGE_RETURN_IF_CUDA_ERROR(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "cuda");
  return std::unique_ptr<Session>(std::make_unique<CudaSession>(device, threads, Stream(stream)));
}

}  // namespace segforge
