// A model as an ONNX file, for other engines.
// Every function reports failure by throwing segforge::Error.
#pragma once

#include "segforge/segforge.h"

namespace segforge {

enum class ExportOutput : uint8_t {
  kLogits,  // float32 [N, classes, ceil(H/4), ceil(W/4)]
  kLabels,  // int64 [N, 1, H, W]: the logits resized to the input's size, then the first greatest class
};

struct ExportOptions {
  std::string model = "street-b0";      // a checkpoint or an ONNX file, no engine file
  std::optional<float> layer_norm_eps;  // in every LayerNorm, instead of those of the checkpoint's family
  int64_t opset = 17;                   // 11 to 22
  // Of the input, float32 [batch, 3, height, width]; empty: any.
  std::optional<int64_t> batch = 1, height = 512, width = 512;
  ExportOutput output = ExportOutput::kLogits;
  bool fold_head = true;         // the head's products at each stage's own resolution
  bool float16_weights = false;  // stored so, and cast to float32 where they are read
  // Calls its argument, which writes the file: for who must not be interrupted meanwhile. Empty: it is just
  // called.
  std::function<void(const std::function<void()>& write)> around_write;
};

struct ExportReport {
  std::string model;  // "SegFormer-B0 (Hugging Face)"
  int64_t nodes = 0;
  int64_t file_bytes = 0;
  double seconds = 0;
};

// Writes the file beside its place and renames it. Nodes have the names of the model's layers.
SEGFORGE_API ExportReport ExportOnnx(const ExportOptions& options, const std::string& path);

}  // namespace segforge
