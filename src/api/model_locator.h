// Where a model's name leads: the built-in models, or a path.
#pragma once

#include <filesystem>
#include <string>

#include "base/status.h"

namespace segforge {

// "street-b0" is looked for in $SEGFORGE_MODELS, in share/segforge/models of the installation that the
// running program or library is part of, and in the source tree. Any other name is a path if there is such a
// file or folder, or else a model of $SEGFORGE_MODELS. A local folder "street-b0" is reached as
// "./street-b0".
Result<std::filesystem::path> LocateModel(const std::string& model);

}  // namespace segforge
