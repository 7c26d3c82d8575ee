// An engine file (.segforge): a model as passes left it, in the precision of every layer, with what was found
// to run it fastest. docs/engine-file.md describes it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "backend/device_id.h"
#include "formats/shared_bytes.h"
#include "model/model.h"

namespace segforge {

// The way of every step at one size, as Engine::UseTactics takes them.
struct SizeTactics {
  InputSize size;
  std::vector<std::string> tactics;
};

// How the file was made. All texts are one line.
struct EngineBuild {
  std::string built_by;       // "segforge 0.1.0"
  std::string source;         // the checkpoint's name
  std::string source_digest;  // of its bytes
  DeviceId::Kind device = DeviceId::Kind::kCpu;
  std::string gpu;                 // "NVIDIA H100 80GB HBM3"; "" for a CPU
  std::string compute_capability;  // "9.0"; "" for a CPU
  Precision precision = Precision::kFp32;
  std::vector<std::string> fp32_layers;
  std::vector<std::string> disabled_passes;
  std::vector<std::string> fuse;        // as ParseFusions takes them
  std::optional<float> layer_norm_eps;  // where it was not the family's
  std::vector<SizeTactics> sizes;
};

struct EngineFile {
  EngineBuild build;
  Model model;  // its graph is the optimised one
};

// Told by its first bytes. False for what cannot be opened.
bool IsEngineFile(const std::filesystem::path& path);

// Weights are mapped, not copied: the graph's constants keep the file. Nothing in it is trusted. kUnsupported
// for another version of the format, kInvalidInput for damage; errors start with the file's name.
Result<EngineFile> ReadEngineFile(const std::filesystem::path& path);
// The same of bytes that are aligned to 64.
Result<EngineFile> EngineFileFromBytes(const SharedBytes& source);

// Beside its place, then renamed. Errors start with the file's name.
Status WriteEngineFile(const std::filesystem::path& path, const EngineFile& file);

}  // namespace segforge
