#include "api/model_engine.h"

#include "api/device.h"
#include "api/engine_file_model.h"
#include "api/error.h"
#include "api/model_info.h"
#include "api/tune.h"
#include "backend/cpu/target.h"

namespace segforge {
namespace {

// What one backend of several has not, none of them does.
Precision ResolveForAll(const std::string& precision, const std::vector<Backend>& backends) {
  for (const Backend& backend : backends) Unwrap(ResolvePrecision(precision, backend));
  return Unwrap(ResolvePrecision(precision, backends.front()));
}

ModelEngine LoadCheckpoint(const std::string& model, const SegmenterOptions& options) {
  ModelEngine result;
  result.threads = ResolveThreads(options.threads);
  const std::vector<Backend> backends = Unwrap(MakeBackends(options.device));
  result.precision = ResolveForAll(options.precision, backends);
  result.device = backends.front().device();
  result.device_line = DeviceLine(backends, result.precision, result.threads);
  result.label_kernel = backends.front().traits().labels;

  Model loaded = Unwrap(LocateAndLoad(model, options));
  result.info = Describe(loaded);
  result.preprocessing = loaded.preprocessing;
  EngineOptions engine;
  engine.passes.disabled = options.disabled_passes;
  engine.passes.fuse = options.fuse;
  engine.precision = result.precision;
  engine.fp32_layers = options.fp32_layers;
  for (size_t i = 0; i < backends.size(); ++i) {
    const bool last = i + 1 == backends.size();  // whose passes may free what they replace
    Graph graph = last ? std::move(loaded.graph) : loaded.graph;
    result.engines.push_back(Unwrap(Engine::Build(std::move(graph), backends[i], engine)));
  }
  return result;
}

}  // namespace

ModelEngine LoadModelEngine(const std::string& model, const SegmenterOptions& options) {
  ThrowIfError(ApplyCpuTargetOverride());
  ModelEngine loaded =
      IsEngineFileModel(model) ? Unwrap(LoadEngineFileModel(model, options)) : LoadCheckpoint(model, options);
  if (options.tuned_batch > 0 && options.size == NetworkSize::kFixed) {
    const InputSize size = {options.tuned_batch, options.height, options.width};
    Unwrap(TuneEngines(loaded, std::span(&size, 1), {}));
  }
  return loaded;
}

}  // namespace segforge
