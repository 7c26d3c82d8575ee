// A checkpoint understood: which SegFormer it is, and its graph as published.
#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "formats/checkpoint.h"
#include "image/preprocess.h"
#include "ir/graph.h"

namespace segforge {

enum class Family : uint8_t { kNvlabs, kHuggingFace, kMmseg1 };

struct Stage {
  int64_t width = 0;  // channels
  int64_t depth = 0;  // blocks
  int64_t heads = 0;
  int64_t sr_ratio = 0;
  int64_t ffn_width = 0;
  int64_t patch = 0;   // kernel of the patch embedding: 7, 3, 3, 3
  int64_t stride = 0;  // of the patch embedding: 4, 2, 2, 2
};

struct ModelConfig {
  Family family = Family::kHuggingFace;
  std::string variant;  // "B0".."B5" (widths, depths, sr ratios and heads as published), or "custom"
  std::array<Stage, 4> stages;
  int64_t head_width = 0;
  int64_t classes = 0;
  std::vector<std::string> class_names;  // empty when unknown
  // LayerNorm's eps differs among the families: see names_*.cc.
  float eps_patch = 0, eps_block = 0, eps_sr = 0, eps_stage = 0;
};

struct Model {
  ModelConfig config;
  Preprocessing preprocessing;
  int64_t parameters = 0;  // learned ones: BatchNorm's running statistics are not counted
  std::string license;     // "" when unknown
  Graph graph;             // input "image" [N,H,W,3] f32; output "logits" [N,ceil(H/4),ceil(W/4),classes]
};

struct LoadModelOptions {
  std::optional<float> layer_norm_eps;  // overrides the family's four
};

void OverrideEps(const LoadModelOptions& options, ModelConfig& config);

// The checkpoint in a Hugging Face folder; a path to anything but a folder is the checkpoint itself.
Result<std::filesystem::path> LocateCheckpoint(const std::filesystem::path& path);

// path: a Hugging Face folder, an ONNX file (by its name, .onnx), or a checkpoint file (config.json and
// preprocessor_config.json beside it are read when there). Errors start with the file's name; missing and
// misshapen tensors are listed with expected and got.
Result<Model> LoadModel(const std::filesystem::path& path, const LoadModelOptions& options);

}  // namespace segforge
