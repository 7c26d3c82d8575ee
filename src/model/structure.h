// A checkpoint's structure, found from the names and sizes of its tensors.
#pragma once

#include <optional>

#include "model/family.h"
#include "model/hf_config.h"

namespace segforge {

// The sizes that most tensors agree on, so that one misshapen tensor does not change what is expected of the
// others. `said` adds what weights cannot tell (heads, class names) and is checked against them.
Result<ModelConfig> FindStructure(const Checkpoint& checkpoint, const FamilyMatch& match,
                                  const std::optional<HfConfig>& said);

// "B0" to "B5" for the sizes that were published under that name, else "custom".
std::string VariantOf(const ModelConfig& config);

}  // namespace segforge
