// The public description of a loaded model.
#pragma once

#include "model/model.h"
#include "segforge/segforge.h"

namespace segforge {

ModelInfo Describe(const Model& model);

// LocateModel, then LoadModel with the options that concern it.
Result<Model> LocateAndLoad(const std::string& name, const SegmenterOptions& options);

}  // namespace segforge
