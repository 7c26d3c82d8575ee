#include "segforge/build.h"

#include "api/device.h"
#include "api/engine_file_model.h"
#include "api/error.h"
#include "api/model_info.h"
#include "api/model_locator.h"
#include "api/network_input.h"
#include "api/output_file.h"
#include "api/source_name.h"
#include "api/tune.h"
#include "backend/cpu/target.h"
#include "backend/cuda/cuda.h"
#include "base/stopwatch.h"
#include "engine/headroom.h"
#include "image/decode.h"
#include "segforge/evaluate.h"

namespace segforge {
namespace {

namespace fs = std::filesystem;

Status CheckPaths(const BuildOptions& options, const std::string& path) {
  SEGFORGE_ASSIGN_OR_RETURN(const fs::path model, LocateModel(options.model));
  if (IsEngineFile(model)) {
    return InvalidInput("{}: expected a checkpoint to build from, got an engine file", options.model);
  }
  std::vector<fs::path> inputs = {model};
  inputs.insert(inputs.end(), options.headroom_images.begin(), options.headroom_images.end());
  for (const fs::path& input : inputs) {
    SEGFORGE_RETURN_IF_ERROR(CheckKeepsInput(input, path, "the engine file"));
  }
  return Status();
}

std::vector<InputSize> CheckedSizes(const BuildOptions& options) {
  std::vector<InputSize> sizes;
  for (const EngineSize& size : options.sizes) {
    SegmenterOptions fixed;
    fixed.size = NetworkSize::kFixed;
    fixed.height = size.height;
    fixed.width = size.width;
    ThrowIfError(CheckSizeOptions(fixed));
    if (size.batch < 1 || size.batch > 1024) {
      Throw(InvalidInput("batch: expected 1 to 1024, got {}", size.batch));
    }
    sizes.push_back({size.batch, size.height, size.width});
  }
  return sizes;
}

EngineBuild StartBuild(const BuildOptions& options, const Backend& backend, Precision precision) {
  EngineBuild build;
  build.built_by = fmt::format("segforge {}", Version());
  build.source = SourceName(options.model);
  build.source_digest = ModelDigest(options.model);
  build.device = backend.device().kind;
  if (backend.on_cuda()) {
    const CudaDevice device = Unwrap(DescribeCudaDevice(backend.device().index));
    build.gpu = device.name;
    build.compute_capability = fmt::format("{}.{}", device.compute_major, device.compute_minor);
  }
  build.precision = precision;
  build.fp32_layers = options.segmenter.fp32_layers;
  build.disabled_passes = options.segmenter.disabled_passes;
  build.fuse = options.segmenter.fuse;
  build.layer_norm_eps = options.segmenter.layer_norm_eps;
  return build;
}

std::vector<LayerHeadroom> MeasureHeadroom(const Model& model, const Backend& backend,
                                           const EngineOptions& engine, const BuildOptions& options) {
  const int threads = ResolveThreads(options.segmenter.threads);
  HeadroomMeter meter = Unwrap(HeadroomMeter::Make(model.graph, backend, engine, threads));
  for (const std::string& path : options.headroom_images) {
    const Image image = Unwrap(ReadImage(path));
    const ImageSize own = {image.height, image.width};
    const auto size = ChooseNetworkSize(options.segmenter, model.preprocessing, own);
    if (!size.ok()) Throw(size.status().Within(path));
    const Status added = meter.Add(image.view(), *size, model.preprocessing);
    if (!added.ok()) Throw(added.Within(path));
  }
  return meter.Layers();
}

// Adds the layers that FP16 has too little room for.
void KeepInFp32(const std::vector<LayerHeadroom>& layers, Precision precision, EngineOptions& engine,
                BuildReport& report) {
  const bool narrow = precision == Precision::kFp16;
  for (const LayerHeadroom& layer : layers) {
    const bool kept = narrow && layer.headroom() < kLeastHeadroom;
    if (kept) engine.fp32_layers.push_back(layer.name);
    report.ranges.push_back(
        {layer.name, std::string(NameOf(layer.op)), layer.greatest, layer.headroom(), kept});
  }
}

void Tune(const BuildOptions& options, const Backend& backend, EngineFile& file, BuildReport& report) {
  const std::vector<InputSize> sizes = CheckedSizes(options);
  if (options.deterministic) {
    for (const InputSize& size : sizes) file.build.sizes.push_back({size, {}});
    return;
  }
  ModelEngine model;
  model.threads = ResolveThreads(options.segmenter.threads);
  model.device = backend.device();
  model.device_line = report.device;
  model.engines.push_back(Unwrap(Engine::OfOptimized(file.model.graph, backend)));
  Tuned tuned = Unwrap(TuneEngines(model, sizes, {options.use_timing_cache, options.timing_cache}));
  file.build.sizes = std::move(tuned.sizes);
  report.tunable_steps = tuned.report.steps;
  report.known_kinds = tuned.report.known;
  report.timed_kinds = tuned.report.timed;
  report.warnings = std::move(tuned.warnings);
}

}  // namespace

BuildReport BuildEngineFile(const BuildOptions& options, const std::string& path) {
  Stopwatch watch;
  ThrowIfError(ApplyCpuTargetOverride());
  ThrowIfError(CheckPaths(options, path));
  CheckedSizes(options);
  const std::vector<Backend> backends = Unwrap(MakeBackends(options.segmenter.device));
  const Backend& backend = backends.front();
  const Precision precision = Unwrap(ResolvePrecision(options.segmenter.precision, backend));
  EngineFile file = {StartBuild(options, backend, precision),
                     Unwrap(LocateAndLoad(options.model, options.segmenter))};
  BuildReport report;
  const ModelInfo info = Describe(file.model);
  report.model = fmt::format("{} ({})", info.name, info.family);
  report.device = DeviceLine({&backend, 1}, precision, ResolveThreads(options.segmenter.threads));
  report.precision = NameOf(precision);

  EngineOptions engine;
  engine.passes.disabled = options.segmenter.disabled_passes;
  engine.passes.fuse = options.segmenter.fuse;
  engine.precision = precision;
  engine.fp32_layers = options.segmenter.fp32_layers;
  if (!options.headroom_images.empty()) {
    KeepInFp32(MeasureHeadroom(file.model, backend, engine, options), precision, engine, report);
  }
  file.build.fp32_layers = report.fp32_layers = engine.fp32_layers;
  file.model.graph = Unwrap(Optimize(std::move(file.model.graph), backend, engine)).graph;
  Tune(options, backend, file, report);
  WriteWithin(options.around_write, [&] { ThrowIfError(WriteEngineFile(path, file)); });
  report.file_bytes = static_cast<int64_t>(fs::file_size(path));
  report.seconds = watch.LapMs() / 1e3;
  return report;
}

}  // namespace segforge
