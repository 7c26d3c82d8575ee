// The JSON index of a checkpoint that is split over several files of one folder.
#pragma once

#include "formats/checkpoint.h"

namespace segforge {

// Reads {"metadata": {..}, "weight_map": {tensor: file, ..}} and every file that it names; these lie in
// `folder` itself. The result holds the tensors of weight_map and no others; the files' errors start with
// their names.
Result<Checkpoint> CheckpointFromIndex(std::span<const std::byte> index, const std::filesystem::path& folder);

}  // namespace segforge
