#include <algorithm>
#include <cstring>

#include "api/error.h"
#include "api/image_rows.h"
#include "api/label_image.h"
#include "api/loaded_model.h"
#include "api/model_engine.h"
#include "api/network_input.h"
#include "api/run_batch.h"
#include "api/session_pool.h"
#include "api/tile.h"
#include "backend/cuda/cuda.h"
#include "base/memory.h"

namespace segforge {
namespace {

std::vector<ImageView> CheckedViews(const std::vector<RgbView>& images) {
  std::vector<ImageView> views;
  views.reserve(images.size());
  for (const RgbView& image : images) views.push_back(Unwrap(CheckedView(image)));
  return views;
}

// One whose images go up, one whose steps run, one whose labels come down.
constexpr size_t kSessionsOfGpu = 3;

DeviceWait WaitOf(const SegmenterOptions& options) {
  return options.gpu_wait == GpuWait::kSleep ? DeviceWait::kSleep : DeviceWait::kSpin;
}

// The caller's labels as those of a model of that many classes, for an image of that size.
Result<TensorView> CheckedLabels(const LabelTarget& labels, int64_t classes, const ImageView& image) {
  const bool wide = ResultsFor(classes, {}).labels == DType::kU16;
  void* const data = wide ? static_cast<void*>(labels.labels16) : labels.labels8;
  if (data == nullptr) {
    return InvalidInput("labels: expected labels{} for {} classes, got none", wide ? 16 : 8, classes);
  }
  if (labels.height != image.height || labels.width != image.width) {
    return InvalidInput("labels: expected the image's {}x{} (height x width), got {}x{}", image.height,
                        image.width, labels.height, labels.width);
  }
  return TensorView{data, wide ? DType::kU16 : DType::kU8, {labels.height, labels.width}};
}

void CopyLabels(const Segmentation& result, const TensorView& labels) {
  const bool wide = labels.dtype == DType::kU16;
  const void* const from = wide ? static_cast<const void*>(result.labels16.data()) : result.labels8.data();
  std::memcpy(labels.data, from, labels.bytes());
}

}  // namespace

int UsableThreads() { return AvailableThreads(); }

struct Segmenter::State {
  ModelInfo info;
  std::string device;
  int gpus = 0;
  std::vector<LoadedModel> models;  // one a device, alike but for the engine
  std::unique_ptr<SessionPool> sessions;

  const LoadedModel& model() const { return models.front(); }
};

Segmenter::Segmenter(const std::string& model, const SegmenterOptions& options)
    : state_(std::make_unique<State>()) {
  ThrowIfError(CheckSizeOptions(options));
  ModelEngine loaded = LoadModelEngine(model, options);
  state_->info = std::move(loaded.info);
  Preprocessing preprocessing = loaded.preprocessing;
  if (options.resampling != Resampling::kFromConfig) {
    preprocessing.resample =
        options.resampling == Resampling::kPillow ? Resample::kPillow : Resample::kOpenCv;
  }
  const bool on_gpu = loaded.device.kind == DeviceId::Kind::kCuda;
  for (std::unique_ptr<Engine>& engine : loaded.engines) {
    state_->models.push_back({options, preprocessing, state_->info.classes, loaded.threads,
                              loaded.label_kernel, std::move(engine)});
  }
  state_->gpus = on_gpu ? static_cast<int>(state_->models.size()) : 0;
  state_->device = std::move(loaded.device_line);
  state_->sessions =
      std::make_unique<SessionPool>(state_->models, WaitOf(options), on_gpu ? kSessionsOfGpu : 0);
}

Segmenter::Segmenter(Segmenter&&) noexcept = default;
Segmenter& Segmenter::operator=(Segmenter&&) noexcept = default;
Segmenter::~Segmenter() = default;

const ModelInfo& Segmenter::info() const { return state_->info; }
int Segmenter::gpus() const { return state_->gpus; }
const std::string& Segmenter::device() const { return state_->device; }

Segmentation Segmenter::Run(const RgbView& image, const Wanted& wanted) const {
  return std::move(RunBatch({image}, wanted).front());
}

Timings Segmenter::RunInto(const RgbView& image, const LabelTarget& labels) const {
  const LoadedModel& model = state_->model();
  const ImageView view = Unwrap(CheckedView(image));
  const TensorView to = Unwrap(CheckedLabels(labels, model.classes, view));
  if (!RunsWhole(model.options)) {
    const Segmentation result = Run(image);
    CopyLabels(result, to);
    return result.timings;
  }
  const ImageSize network =
      Unwrap(ChooseNetworkSize(model.options, model.preprocessing, {view.height, view.width}));
  const std::unique_ptr<SessionPool::Lease> lease = Unwrap(state_->sessions->Take());
  return Unwrap(RunIntoOnSession(lease->model(), view, network, to, lease->session()));
}

HostMemory Segmenter::NewMemory(size_t bytes) const {
  if (bytes == 0) return {};
  ThrowIfError(CheckMemory(static_cast<int64_t>(bytes), "an image's memory"));
  if (state_->gpus == 0) {
    const auto plain = std::make_shared<AlignedBuffer>(bytes);
    return {std::shared_ptr<uint8_t>(plain, reinterpret_cast<uint8_t*>(plain->data())), bytes};
  }
  const std::shared_ptr<std::byte> locked = Unwrap(MakePageLocked(bytes));
  return {std::shared_ptr<uint8_t>(locked, reinterpret_cast<uint8_t*>(locked.get())), bytes};
}

std::vector<Segmentation> Segmenter::RunBatch(const std::vector<RgbView>& images,
                                              const Wanted& wanted) const {
  const std::vector<ImageView> views = CheckedViews(images);
  ThrowIfError(CheckWanted(wanted, state_->info.classes));
  if (wanted.average != nullptr && images.size() > 1) {
    Throw(InvalidInput("smoothing: expected one image at a time, got {}", images.size()));
  }
  std::vector<Segmentation> results(views.size());
  const std::unique_ptr<SessionPool::Lease> lease = Unwrap(state_->sessions->Take());
  for (const Batch& batch : Unwrap(BatchesOf(state_->model(), views))) {
    std::vector<Segmentation> some =
        Unwrap(RunBatchOnSession(lease->model(), views, batch, wanted, lease->session()));
    for (size_t i = 0; i < some.size(); ++i) results[batch.images[i]] = std::move(some[i]);
  }
  return results;
}

Segmentation Segmenter::RunRows(ImageRows& image, const Wanted& wanted, int64_t other_bytes,
                                const UseRows& use) const {
  const LoadedModel& model = state_->model();
  if (model.options.mode != InferenceMode::kTile) {
    Throw(InvalidInput("rows: expected tile mode, in which images are run by rows"));
  }
  ThrowIfError(CheckWanted(wanted, state_->info.classes));
  const ImageRows::State& rows = *image.state_;
  const ImageSize size = {image.height(), image.width()};
  ThrowIfError(ChooseNetworkSize(model.options, model.preprocessing, size).status().Within(rows.name));
  const std::unique_ptr<SessionPool::Lease> lease = Unwrap(state_->sessions->Take());
  const int64_t kept_bytes = other_bytes + static_cast<int64_t>(rows.bytes.size());
  auto result = RunTiles(lease->model(), *rows.source, wanted, kept_bytes, lease->session(), use);
  if (!result.ok()) Throw(result.status().Within(rows.name));
  return std::move(result).value();
}

}  // namespace segforge
