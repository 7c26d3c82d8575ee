// Versions of ONNX's own operators.
#pragma once

#include <cstdint>

namespace segforge {

// Those that Segforge reads and writes.
constexpr int64_t kMinOpset = 11;
constexpr int64_t kMaxOpset = 22;

constexpr int64_t kLayerNormOpset = 17;  // the first with LayerNormalization
constexpr int64_t kGeluOpset = 20;       // the first with Gelu

// The oldest version of the file format that goes with an opset, so that old readers take what they can.
constexpr int64_t IrVersionOf(int64_t opset) {
  if (opset >= 21) return 10;
  if (opset >= 19) return 9;
  if (opset >= 15) return 8;
  return opset >= 12 ? 7 : 6;
}

}  // namespace segforge
