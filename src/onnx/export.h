// A graph of ours as an ONNX file.
#pragma once

#include <optional>

#include "formats/onnx.h"
#include "ir/graph.h"
#include "onnx/opset.h"

namespace segforge {

enum class OnnxOutput : uint8_t {
  kLogits,  // "logits" f32 [N,classes,h,w], as the graph has them
  kLabels,  // "labels" i64 [N,1,H,W]: logits resized to the image's size, then the first greatest class
};

struct OnnxExportOptions {
  int64_t opset = kLayerNormOpset;
  std::optional<int64_t> batch = 1, height = 512, width = 512;  // of the input; empty: free
  OnnxOutput output = OnnxOutput::kLogits;
  // f16: products' and convolutions' weights are stored so, and cast to f32 where they are read.
  DType weights = DType::kF32;
};

// graph: a SegFormer as published, with input "image" [N,H,W,3] and one output, or after fold-batch-norm and
// fold-head; constants in f32. The file's input is "image" f32 [N,3,H,W]. It holds ONNX's own operators
// alone, and where batch, height and width are given no arithmetic on shapes. Nodes have the names of the
// graph's; of an operation that takes several of ONNX's, the last has the name and the others begin with it.
// Weights have the checkpoint's names. Fails on opsets that are not written, on weights that are too large
// for f16 and on operations that passes make for kernels of ours.
Result<OnnxFile> ExportGraph(const Graph& graph, const OnnxExportOptions& options);

}  // namespace segforge
