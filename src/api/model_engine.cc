#include "api/model_engine.h"

#include "api/error.h"
#include "api/model_info.h"
#include "backend/cpu/target.h"

namespace segforge {

ModelEngine LoadModelEngine(const std::string& model, const SegmenterOptions& options) {
  ThrowIfError(ApplyCpuTargetOverride());
  const Backend backend = Unwrap(MakeBackend(options.backend));
  Model loaded = Unwrap(LocateAndLoad(model, options));
  ModelEngine result = {Describe(loaded), loaded.preprocessing, nullptr};
  EngineOptions engine;
  engine.passes.disabled = options.disabled_passes;
  result.engine = Unwrap(Engine::Build(std::move(loaded.graph), backend, std::move(engine)));
  return result;
}

}  // namespace segforge
