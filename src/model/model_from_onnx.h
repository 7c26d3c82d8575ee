// A model from an ONNX file that holds a SegFormer.
#pragma once

#include <optional>

#include "formats/onnx.h"
#include "model/hf_config.h"

namespace segforge {

// The structure is read off the file's graph; then the graph of that structure is built, and must be the
// file's own, operator by operator, or it is refused. So the model is any size's, even where the file is one
// size's. Weights bear the names of the family that the file looks like. A head may be folded, and then stays
// so. Preprocessing is what the file's metadata says, else the family's; class names are `said`'s, else the
// metadata's.
Result<Model> ModelFromOnnx(const OnnxFile& onnx, const std::optional<HfConfig>& said,
                            const LoadModelOptions& options);

}  // namespace segforge
