// An engine file's first section: all but the graph, as JSON.
#pragma once

#include <nlohmann/json.hpp>

#include "engine/file/engine_file.h"

namespace segforge {

nlohmann::json DescriptionOf(const EngineFile& file);

// Back, without the graph. kInvalidInput names the field that does not fit.
Result<EngineFile> FileFromDescription(const nlohmann::json& description);

}  // namespace segforge
