#include "api/model_engine.h"

#include "api/device.h"
#include "api/engine_file_model.h"
#include "api/error.h"
#include "api/model_info.h"
#include "api/tune.h"
#include "backend/cpu/target.h"

namespace segforge {
namespace {

ModelEngine LoadCheckpoint(const std::string& model, const SegmenterOptions& options) {
  ModelEngine result;
  result.threads = ResolveThreads(options.threads);
  const Backend backend = Unwrap(MakeBackend(options.device));
  result.precision = Unwrap(ResolvePrecision(options.precision, backend));
  result.device = backend.device();
  result.device_line = DeviceLine(backend, result.precision, result.threads);
  result.label_kernel = backend.traits().labels;

  Model loaded = Unwrap(LocateAndLoad(model, options));
  result.info = Describe(loaded);
  result.preprocessing = loaded.preprocessing;
  EngineOptions engine;
  engine.passes.disabled = options.disabled_passes;
  engine.precision = result.precision;
  engine.fp32_layers = options.fp32_layers;
  result.engine = Unwrap(Engine::Build(std::move(loaded.graph), backend, std::move(engine)));
  return result;
}

}  // namespace

ModelEngine LoadModelEngine(const std::string& model, const SegmenterOptions& options) {
  ThrowIfError(ApplyCpuTargetOverride());
  ModelEngine loaded =
      IsEngineFileModel(model) ? Unwrap(LoadEngineFileModel(model, options)) : LoadCheckpoint(model, options);
  if (options.tuned_batch > 0 && options.size == NetworkSize::kFixed) {
    const InputSize size = {options.tuned_batch, options.height, options.width};
    Unwrap(TuneEngine(loaded, std::span(&size, 1), {}));
  }
  return loaded;
}

}  // namespace segforge
