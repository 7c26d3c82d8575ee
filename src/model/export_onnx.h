// A model as an ONNX file.
#pragma once

#include "formats/onnx.h"
#include "model/model.h"
#include "onnx/export.h"

namespace segforge {

enum class OnnxHead : uint8_t {
  kFolded,     // as fold-batch-norm and fold-head leave it
  kPublished,  // with BatchNorm and the concatenation of all stages
};

// model.graph: as published or with a folded head, which then stays so. The file's metadata has class names,
// licence and preprocessing; ModelFromOnnx reads it back.
Result<OnnxFile> ExportOnnx(const Model& model, OnnxHead head, const OnnxExportOptions& options);

}  // namespace segforge
