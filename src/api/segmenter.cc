#include <algorithm>

#include "api/error.h"
#include "api/image_rows.h"
#include "api/label_image.h"
#include "api/loaded_model.h"
#include "api/model_engine.h"
#include "api/network_input.h"
#include "api/run_batch.h"
#include "api/session_pool.h"
#include "api/tile.h"

namespace segforge {
namespace {

std::vector<ImageView> CheckedViews(const std::vector<RgbView>& images) {
  std::vector<ImageView> views;
  views.reserve(images.size());
  for (const RgbView& image : images) views.push_back(Unwrap(CheckedView(image)));
  return views;
}

}  // namespace

int UsableThreads() { return AvailableThreads(); }

struct Segmenter::State {
  ModelInfo info;
  std::string device;
  LoadedModel model;
  std::unique_ptr<SessionPool> sessions;
};

Segmenter::Segmenter(const std::string& model, const SegmenterOptions& options)
    : state_(std::make_unique<State>()) {
  ThrowIfError(CheckSizeOptions(options));
  LoadedModel& mine = state_->model;
  mine.options = options;
  ModelEngine loaded = LoadModelEngine(model, options);
  state_->info = std::move(loaded.info);
  mine.classes = state_->info.classes;
  mine.preprocessing = loaded.preprocessing;
  if (options.resampling != Resampling::kFromConfig) {
    mine.preprocessing.resample =
        options.resampling == Resampling::kPillow ? Resample::kPillow : Resample::kOpenCv;
  }
  mine.engine = std::move(loaded.engine);
  mine.threads = loaded.threads;
  mine.label_kernel = loaded.label_kernel;
  state_->device = std::move(loaded.device_line);
  state_->sessions = std::make_unique<SessionPool>(*mine.engine, mine.threads);
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
  const std::vector<ImageView> views = CheckedViews(images);
  ThrowIfError(CheckWanted(wanted, state_->info.classes));
  if (wanted.average != nullptr && images.size() > 1) {
    Throw(InvalidInput("smoothing: expected one image at a time, got {}", images.size()));
  }
  std::vector<Segmentation> results(views.size());
  const std::unique_ptr<SessionPool::Lease> session = Unwrap(state_->sessions->Take());
  for (const Batch& batch : Unwrap(BatchesOf(state_->model, views))) {
    std::vector<Segmentation> some =
        Unwrap(RunBatchOnSession(state_->model, views, batch, wanted, **session));
    for (size_t i = 0; i < some.size(); ++i) results[batch.images[i]] = std::move(some[i]);
  }
  return results;
}

Segmentation Segmenter::RunRows(ImageRows& image, const Wanted& wanted, int64_t other_bytes,
                                const UseRows& use) const {
  const LoadedModel& model = state_->model;
  if (model.options.mode != InferenceMode::kTile) {
    Throw(InvalidInput("rows: expected tile mode, in which images are run by rows"));
  }
  ThrowIfError(CheckWanted(wanted, state_->info.classes));
  const ImageRows::State& rows = *image.state_;
  const ImageSize size = {image.height(), image.width()};
  ThrowIfError(ChooseNetworkSize(model.options, model.preprocessing, size).status().Within(rows.name));
  const std::unique_ptr<SessionPool::Lease> session = Unwrap(state_->sessions->Take());
  const int64_t kept_bytes = other_bytes + static_cast<int64_t>(rows.bytes.size());
  auto result = RunTiles(model, *rows.source, wanted, kept_bytes, **session, use);
  if (!result.ok()) Throw(result.status().Within(rows.name));
  return std::move(result).value();
}

}  // namespace segforge
