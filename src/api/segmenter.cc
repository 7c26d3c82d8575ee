#include <algorithm>
#include <chrono>

#include "api/device.h"
#include "api/error.h"
#include "api/label_image.h"
#include "api/model_info.h"
#include "api/network_input.h"
#include "api/session_pool.h"
#include "backend/cpu/target.h"
#include "base/memory.h"

namespace segforge {
namespace {

class Stopwatch {
 public:
  double LapMs() {
    const auto now = std::chrono::steady_clock::now();
    const double ms = std::chrono::duration<double, std::milli>(now - start_).count();
    start_ = now;
    return ms;
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

std::vector<ImageView> CheckedViews(const std::vector<RgbView>& images) {
  std::vector<ImageView> views;
  for (const RgbView& image : images) {
    views.push_back(Unwrap(CheckedView(image)));
    const ImageView& first = views.front();
    if (views.back().height != first.height || views.back().width != first.width) {
      Throw(InvalidInput("batch: image {}: expected {}x{} (height x width) as the first, got {}x{}",
                         views.size() - 1, first.height, first.width, views.back().height,
                         views.back().width));
    }
  }
  return views;
}

// [N, H, W, 3] -> the n-th image's [1, H, W, 3]
TensorView InputOf(const TensorView& batch, int64_t n) {
  const Shape shape = {1, batch.shape[1], batch.shape[2], batch.shape[3]};
  return {batch.as<float>() + n * shape.elems(), DType::kF32, shape};
}

// [N, h, w, classes] -> the n-th image's [h, w, classes]
ConstTensorView LogitsOf(const ConstTensorView& batch, int64_t n) {
  const Shape shape = {batch.shape[1], batch.shape[2], batch.shape[3]};
  return {batch.as<float>() + n * shape.elems(), DType::kF32, shape};
}

}  // namespace

struct Segmenter::State {
  ModelInfo info;
  SegmenterOptions options;
  Preprocessing preprocessing;
  int threads = 1;
  LabelKernel label_kernel = nullptr;
  std::string device;
  std::unique_ptr<Engine> engine;
  std::unique_ptr<SessionPool> sessions;
};

Segmenter::Segmenter(const std::string& model, const SegmenterOptions& options)
    : state_(std::make_unique<State>()) {
  ThrowIfError(CheckSizeOptions(options));
  state_->options = options;
  state_->threads = ResolveThreads(options.threads);
  ThrowIfError(ApplyCpuTargetOverride());
  const Backend backend = Unwrap(MakeBackend(options.backend));
  Model loaded = Unwrap(LocateAndLoad(model, options));
  state_->info = Describe(loaded);
  state_->preprocessing = loaded.preprocessing;
  if (options.resampling != Resampling::kFromConfig) {
    state_->preprocessing.resample =
        options.resampling == Resampling::kPillow ? Resample::kPillow : Resample::kOpenCv;
  }
  EngineOptions engine;
  engine.passes.disabled = options.disabled_passes;
  state_->engine = Unwrap(Engine::Build(std::move(loaded.graph), backend, std::move(engine)));
  state_->label_kernel = CpuUpsampleArgmax;
  if (options.backend == "ref") state_->label_kernel = RefUpsampleArgmax;
  state_->device = DeviceLine(options.backend, state_->threads);
  state_->sessions = std::make_unique<SessionPool>(state_->threads);
}

Segmenter::Segmenter(Segmenter&&) noexcept = default;
Segmenter& Segmenter::operator=(Segmenter&&) noexcept = default;
Segmenter::~Segmenter() = default;

const ModelInfo& Segmenter::info() const { return state_->info; }
const std::string& Segmenter::device() const { return state_->device; }

Segmentation Segmenter::Run(const RgbView& image, const Wanted& wanted) const {
  return std::move(RunBatch({image}, wanted).front());
}

std::vector<Segmentation> Segmenter::RunBatch(const std::vector<RgbView>& images,
                                              const Wanted& wanted) const {
  if (images.empty()) return {};
  const std::vector<ImageView> views = CheckedViews(images);
  const ImageSize source = {views.front().height, views.front().width};
  const auto count = static_cast<int64_t>(views.size());
  const ImageSize network = Unwrap(ChooseNetworkSize(state_->options, state_->preprocessing, source));

  const SessionPool::Lease session = state_->sessions->Take();
  ThrowIfError(session->Prepare(
      Unwrap(state_->engine->PlanFor({count, network.height, network.width}, state_->threads))));
  ThrowIfError(
      CheckMemory(count * LabelImageBytes(source, network, state_->info.classes, wanted), "label maps"));

  Stopwatch watch;
  for (int64_t n = 0; n < count; ++n) {
    FillInput(views[static_cast<size_t>(n)], state_->preprocessing, InputOf(session->input(), n),
              session->pool());
  }
  Timings timings;
  timings.resize = watch.LapMs();
  session->Execute();
  timings.engine = watch.LapMs();
  std::vector<Segmentation> results;
  for (int64_t n = 0; n < count; ++n) {
    results.push_back(MakeSegmentation(LogitsOf(session->output(0), n), source, wanted, state_->label_kernel,
                                       session->pool()));
    timings.labels = watch.LapMs();
    results.back().timings = timings;
    results.back().network_height = network.height;
    results.back().network_width = network.width;
  }
  return results;
}

}  // namespace segforge
