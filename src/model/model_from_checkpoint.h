// A model from tensors in memory: what LoadModel does once files are read.
#pragma once

#include <optional>

#include "model/hf_config.h"

namespace segforge {

// The preprocessing is the family's own: OpenCV's resampling for NVlabs and mmseg, Pillow's for Hugging Face,
// at the image's own size, but for what the checkpoint's metadata says. Class names are the config's, else
// those of the metadata.
Result<Model> ModelFromCheckpoint(const Checkpoint& checkpoint, const std::optional<HfConfig>& said,
                                  const LoadModelOptions& options);

}  // namespace segforge
