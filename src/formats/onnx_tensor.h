// A tensor of an ONNX file: its bytes where they are, in whichever of the three ways the file keeps them.
#pragma once

#include <filesystem>

#include "formats/onnx.h"
#include "onnx.pb.h"

namespace segforge {

// What keeps tensors alive, and where external ones are.
struct OnnxStorage {
  std::filesystem::path folder;                    // empty: external data is refused
  std::vector<std::shared_ptr<const void>> owned;  // what views point into, besides the parsed file itself
};

// Views `proto`, which outlives the result, or what is added to `storage`. Fails where bytes and shape
// disagree.
Result<ConstTensorView> ReadOnnxTensor(const onnx::TensorProto& proto, OnnxStorage& storage);

}  // namespace segforge
