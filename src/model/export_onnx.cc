#include "model/export_onnx.h"

#include "model/metadata.h"
#include "passes/fold_batch_norm.h"
#include "passes/fold_head.h"

namespace segforge {

Result<OnnxFile> ExportOnnx(const Model& model, OnnxHead head, const OnnxExportOptions& options) {
  Graph graph = model.graph;
  if (head == OnnxHead::kFolded) {
    SEGFORGE_RETURN_IF_ERROR(FoldBatchNorm(graph).status());
    SEGFORGE_RETURN_IF_ERROR(FoldHead(graph).status());
  }
  SEGFORGE_ASSIGN_OR_RETURN(OnnxFile file, ExportGraph(graph, options));
  file.metadata = DescribeInMetadata(model);
  return file;
}

}  // namespace segforge
