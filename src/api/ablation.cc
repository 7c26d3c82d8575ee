#include <algorithm>
#include <filesystem>

#include "api/ablation_rows.h"
#include "api/device.h"
#include "api/engine_file_model.h"
#include "api/error.h"
#include "api/lone_engine.h"
#include "api/model_info.h"
#include "api/model_locator.h"
#include "api/timed_runs.h"
#include "backend/cuda/cuda.h"
#include "base/stopwatch.h"
#include "segforge/ablate.h"
#include "segforge/evaluate.h"

namespace segforge {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> DemoImages() {
  const Result<fs::path> model = LocateModel("street-b0");
  if (!model.ok()) {
    Throw(InvalidInput("the demo's images are not installed ({}); give images", model.status().message()));
  }
  std::vector<std::string> images;
  for (const fs::directory_entry& entry : fs::directory_iterator(*model / "demo"))
    images.push_back(entry.path().string());
  std::ranges::sort(images);
  return images;
}

SegmenterOptions AtSize(const AblationOptions& options) {
  SegmenterOptions segmenter = options.segmenter;
  segmenter.size = NetworkSize::kFixed;
  segmenter.height = options.height;
  segmenter.width = options.width;
  return segmenter;
}

// What every row is held against: images, and what the reference says of each.
class Expected {
 public:
  explicit Expected(const AblationOptions& options) {
    for (const std::string& path : options.images.empty() ? DemoImages() : options.images)
      images_.push_back(LoadImage(path));
    SegmenterOptions exact = AtSize(options);
    exact.device = "cpu";
    exact.precision = "fp32";
    const std::string& name = options.reference;
    if (fs::path(name).extension() == ".onnx") {
      RunOnnx(OnnxReference(name, Describe(Unwrap(LocateAndLoad(options.model, exact))), exact));
      return;
    }
    const Segmenter segmenter(name.empty() ? options.model : name, exact);
    for (const RgbImage& image : images_) results_.push_back(segmenter.Run(image.view(), {.logits = true}));
  }

  void Judge(const Segmenter& candidate, const AblationOptions& options, AblationRow& row) const {
    Comparison comparison(candidate.info().classes);
    for (size_t i = 0; i < images_.size(); ++i) {
      const Segmentation got = candidate.Run(images_[i].view(), {.logits = true});
      const Difference difference = comparison.Add(got, results_[i]);
      const double r0 = difference.logits ? difference.logits->r0 : 0;
      ++row.images;
      if (difference.a0 <= options.max_a0 && r0 <= options.max_r0) ++row.good_images;
    }
    const Difference total = comparison.Total();
    row.a0 = total.a0;
    row.r0 = total.logits ? total.logits->r0 : 0;
  }

 private:
  // Labels of a file are of the network's input, so images are resized to it once.
  void RunOnnx(const OnnxReference& reference) {
    for (RgbImage& image : images_) {
      image = reference.Resized(image.view());
      results_.push_back(reference.Run(image.view()));
    }
  }

  std::vector<RgbImage> images_;
  std::vector<Segmentation> results_;
};

// Of values that are the same at every size: constants, in the 4 bytes a number that a graph has them in.
int64_t WeightBytes(const Program& program) {
  int64_t bytes = 0;
  for (const Instruction& instruction : program.instructions) {
    for (const ValueType& operand : instruction.operands) {
      if (std::ranges::all_of(operand.shape, &Dim::is_constant))
        bytes += Evaluate(operand.shape, {}).elems() * static_cast<int64_t>(SizeOf(operand.dtype));
    }
  }
  return bytes;
}

// What this process's buffers take on a GPU.
int64_t HeldBytes(const DeviceId& device) { return Unwrap(DescribeCudaDevice(device.index)).held_bytes; }

class Ablation {
 public:
  explicit Ablation(const AblationOptions& options)
      : options_(options), expected_(options), base_(AtSize(options)) {
    const Model model = Unwrap(LocateAndLoad(options.model, options.segmenter));
    steps_ = AblationSteps(model.graph);
  }

  std::vector<AblationRow> Run() {
    for (const std::string& device : options_.devices) {
      for (const std::string& precision : options_.precisions) {
        for (const AblationStep& step : steps_) AddRow(device, precision, step);
      }
    }
    std::vector<TimedRun> runs;
    for (const LoneEngine& engine : engines_) {
      runs.emplace_back([session = engine.session.get()] {
        Stopwatch watch;
        ThrowIfError(session->Execute());
        return watch.LapMs();
      });
    }
    const std::vector<TimedRuns> times = RunInTurns(options_.rule, runs, [] { RestBetweenTurns(); });
    for (size_t i = 0; i < rows_.size(); ++i) rows_[i].runs = times[i];
    return std::move(rows_);
  }

 private:
  void AddRow(const std::string& device, const std::string& precision, const AblationStep& step) {
    const size_t total = options_.devices.size() * options_.precisions.size() * steps_.size();
    if (options_.progress) options_.progress(rows_.size(), total);
    SegmenterOptions segmenter = base_;
    segmenter.device = device;
    segmenter.precision = precision;
    segmenter.fuse = step.fuse;
    AblationRow row;
    row.name = step.name;
    row.fuse = step.fuse;
    row.device = device;
    expected_.Judge(Segmenter(options_.model, segmenter), options_, row);
    AddEngine(segmenter, row);
    rows_.push_back(std::move(row));
  }

  void AddEngine(const SegmenterOptions& segmenter, AblationRow& row) {
    const DeviceId device = Unwrap(MakeBackend(segmenter.device)).device();
    const bool on_gpu = device.kind == DeviceId::Kind::kCuda;
    const int64_t held_bytes = on_gpu ? HeldBytes(device) : 0;
    LoneEngine lone = MakeLoneEngine(options_.model, segmenter, {1, options_.height, options_.width});
    row.device_line = lone.model.device_line;
    row.precision = NameOf(lone.model.precision);
    row.nodes = static_cast<int64_t>(lone.plan->steps.size());
    ThrowIfError(lone.session->Execute());
    row.kernels = lone.session->kernels();
    row.memory_bytes = on_gpu
                           ? HeldBytes(device) - held_bytes
                           : WeightBytes(*lone.plan->program) + static_cast<int64_t>(lone.plan->arena_bytes);
    engines_.push_back(std::move(lone));
  }

  const AblationOptions& options_;
  Expected expected_;
  SegmenterOptions base_;
  std::vector<AblationStep> steps_;
  std::vector<LoneEngine> engines_;  // of each row
  std::vector<AblationRow> rows_;
};

void CheckModel(const AblationOptions& options) {
  if (!IsEngineFileModel(options.model)) return;
  Throw(InvalidInput("{}: expected a checkpoint, got an engine file, whose graph is fused already",
                     options.model));
}

}  // namespace

std::vector<AblationRow> RunAblation(const AblationOptions& options) {
  ThrowIfError(CheckRule(options.rule));
  CheckModel(options);
  return Ablation(options).Run();
}

}  // namespace segforge
