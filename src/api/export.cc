#include "segforge/export.h"

#include "api/error.h"
#include "api/model_info.h"
#include "api/model_locator.h"
#include "api/output_file.h"
#include "api/source_name.h"
#include "base/file.h"
#include "base/stopwatch.h"
#include "engine/file/engine_file.h"
#include "formats/onnx_write.h"
#include "model/export_onnx.h"
#include "segforge/evaluate.h"

namespace segforge {
namespace {

namespace fs = std::filesystem;

Status CheckPaths(const std::string& model, const std::string& path) {
  SEGFORGE_ASSIGN_OR_RETURN(const fs::path located, LocateModel(model));
  if (IsEngineFile(located))
    return InvalidInput("{}: expected a checkpoint or an ONNX file to export, got an engine file", model);
  SEGFORGE_ASSIGN_OR_RETURN(const fs::path checkpoint, LocateCheckpoint(located));
  return CheckKeepsInput(checkpoint, path, "the exported file");
}

Status CheckSize(std::string_view what, const std::optional<int64_t>& size, int64_t least, int64_t most) {
  if (!size || (*size >= least && *size <= most)) return Status();
  return InvalidInput("{}: expected {} to {}, got {}", what, least, most, *size);
}

OnnxExportOptions Checked(const ExportOptions& options) {
  ThrowIfError(CheckSize("opset", options.opset, kMinOpset, kMaxOpset));
  ThrowIfError(CheckSize("batch", options.batch, 1, 1024));
  ThrowIfError(CheckSize("height", options.height, 32, 65536));
  ThrowIfError(CheckSize("width", options.width, 32, 65536));
  return {options.opset,
          options.batch,
          options.height,
          options.width,
          options.output == ExportOutput::kLabels ? OnnxOutput::kLabels : OnnxOutput::kLogits,
          options.float16_weights ? DType::kF16 : DType::kF32};
}

}  // namespace

ExportReport ExportOnnx(const ExportOptions& options, const std::string& path) {
  Stopwatch watch;
  ThrowIfError(CheckPaths(options.model, path));
  const OnnxExportOptions checked = Checked(options);
  SegmenterOptions load;
  load.layer_norm_eps = options.layer_norm_eps;
  const Model model = Unwrap(LocateAndLoad(options.model, load));
  const OnnxHead head = options.fold_head ? OnnxHead::kFolded : OnnxHead::kPublished;
  Result<OnnxFile> file = ExportOnnx(model, head, checked);
  if (!file.ok()) Throw(file.status().Within(options.model));
  file->rest = OnnxRest("segforge", Version(), "segformer");
  file->metadata.emplace_back("source", SourceName(options.model));
  file->metadata.emplace_back("source_digest", ModelDigest(options.model));
  const Result<std::string> bytes = OnnxToBytes(*file);
  if (!bytes.ok()) Throw(bytes.status().Within(path));
  WriteWithin(options.around_write, [&] {
    ThrowIfError(WriteFileAtomically(path, std::as_bytes(std::span(*bytes))).Within(path));
  });
  const ModelInfo info = Describe(model);
  return {fmt::format("{} ({})", info.name, info.family), std::ssize(file->nodes), std::ssize(*bytes),
          watch.LapMs() / 1e3};
}

}  // namespace segforge
