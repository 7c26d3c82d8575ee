// From an engine file to what runs it.
#pragma once

#include <filesystem>

#include "api/model_engine.h"
#include "engine/file/engine_file.h"

namespace segforge {

// Whether the model's name leads to an engine file.
bool IsEngineFileModel(const std::string& model);

// LocateModel, then ReadEngineFile.
Result<EngineFile> OpenEngineFile(const std::string& model);

// kInvalidInput for options that contradict how the file was built.
Status CheckAgrees(const EngineBuild& build, const SegmenterOptions& options);

// As LoadModelEngine, of an engine file. kInvalidInput for options that contradict it, kUnsupported for
// another device than it was built for.
Result<ModelEngine> LoadEngineFileModel(const std::string& model, const SegmenterOptions& options);

EngineFileInfo DescribeBuild(const EngineBuild& build);

}  // namespace segforge
