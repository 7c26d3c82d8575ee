#include "api/model_engine.h"

#include "api/device.h"
#include "api/error.h"
#include "api/model_info.h"
#include "backend/cpu/target.h"

namespace segforge {

ModelEngine LoadModelEngine(const std::string& model, const SegmenterOptions& options) {
  ThrowIfError(ApplyCpuTargetOverride());
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

}  // namespace segforge
