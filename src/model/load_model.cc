#include "base/file.h"
#include "model/license.h"
#include "model/model_from_checkpoint.h"
#include "model/model_from_onnx.h"

namespace segforge {
namespace {

namespace fs = std::filesystem;

bool IsFile(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

// Empty where there is no such file.
Result<std::optional<std::string>> ReadIfThere(const fs::path& path) {
  if (!IsFile(path)) return std::optional<std::string>();
  Result<MappedFile> file = MappedFile::Open(path);
  if (!file.ok()) return file.status().Within(path.string());
  const auto bytes = file->bytes();
  return std::optional(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

// In a model's own folder config.json must be a SegFormer's; beside a lone file it may be anybody's.
Result<std::optional<HfConfig>> ReadConfig(const fs::path& folder, bool is_model_folder) {
  SEGFORGE_ASSIGN_OR_RETURN(const auto text, ReadIfThere(folder / "config.json"));
  if (!text || (!is_model_folder && !IsSegformerConfig(*text))) return std::optional<HfConfig>();
  Result<HfConfig> config = ParseHfConfig(*text);
  if (!config.ok()) return config.status();
  return std::optional(std::move(config).value());
}

Status ReadPreprocessing(const fs::path& folder, Model& model) {
  const fs::path path = folder / "preprocessor_config.json";
  SEGFORGE_ASSIGN_OR_RETURN(const auto text, ReadIfThere(path));
  if (!text) return Status();
  Result<Preprocessing> parsed = ParsePreprocessorConfig(*text);
  if (!parsed.ok()) return parsed.status().Within(path.string());
  model.preprocessing = *parsed;
  return Status();
}

Status ReadLicense(const fs::path& folder, Model& model) {
  for (const char* card : {"README.md", "MODEL_CARD.md"}) {
    if (!model.license.empty()) return Status();
    SEGFORGE_ASSIGN_OR_RETURN(const auto text, ReadIfThere(folder / card));
    if (text) model.license = LicenseFromCard(*text);
  }
  return Status();
}

Result<Model> ReadModel(const fs::path& file, const std::optional<HfConfig>& config,
                        const LoadModelOptions& options) {
  if (file.extension() == ".onnx") {
    SEGFORGE_ASSIGN_OR_RETURN(const OnnxFile onnx, OpenOnnx(file));
    Result<Model> model = ModelFromOnnx(onnx, config, options);
    return model.ok() ? std::move(model) : model.status().Within(file.string());
  }
  SEGFORGE_ASSIGN_OR_RETURN(const Checkpoint checkpoint, OpenCheckpoint(file));
  Result<Model> model = ModelFromCheckpoint(checkpoint, config, options);
  return model.ok() ? std::move(model) : model.status().Within(file.string());
}

}  // namespace

Result<fs::path> LocateCheckpoint(const fs::path& path) {
  std::error_code ignored;
  if (!fs::is_directory(path, ignored)) return path;
  for (const char* name :
       {"model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "model.onnx"}) {
    if (IsFile(path / name)) return path / name;
  }
  return InvalidInput(
      "{}: no model.safetensors, model.safetensors.index.json, pytorch_model.bin or model.onnx in this "
      "folder",
      path.string());
}

Result<Model> LoadModel(const fs::path& path, const LoadModelOptions& options) {
  SEGFORGE_ASSIGN_OR_RETURN(const fs::path file, LocateCheckpoint(path));
  const fs::path folder = file.parent_path();
  const bool is_model_folder = file != path;
  Result<std::optional<HfConfig>> config = ReadConfig(folder, is_model_folder);
  if (!config.ok()) return config.status().Within(file.string());
  SEGFORGE_ASSIGN_OR_RETURN(Model model, ReadModel(file, *config, options));
  SEGFORGE_RETURN_IF_ERROR(ReadPreprocessing(folder, model));
  // A card speaks for its folder's model, not for any file that lies beside it.
  if (is_model_folder) SEGFORGE_RETURN_IF_ERROR(ReadLicense(folder, model));
  return model;
}

}  // namespace segforge
