// From a model's name to its engine, for every way of running one.
#pragma once

#include <memory>

#include "engine/engine.h"
#include "image/preprocess.h"
#include "segforge/segforge.h"

namespace segforge {

struct ModelEngine {
  ModelInfo info;
  Preprocessing preprocessing;  // the model's own, whatever the options say of resampling
  std::unique_ptr<Engine> engine;
};

// Applies SEGFORGE_CPU_TARGET, loads the model and builds it for the options' backend without their disabled
// passes. Throws Error; the backend is looked at before the model.
ModelEngine LoadModelEngine(const std::string& model, const SegmenterOptions& options);

}  // namespace segforge
