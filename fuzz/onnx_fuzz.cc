// Any bytes as an ONNX file, and as a model: its tensors are whole, or it is an error of one line.
#include "formats/onnx.h"
#include "model/model_from_onnx.h"
#include "read_all.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace segforge;
  const auto file = OnnxFromBytes({std::as_bytes(std::span(data, size)), nullptr}, {});
  if (!file.ok()) {
    ReadAll(file.status());
    return 0;
  }
  Checkpoint tensors;
  tensors.tensors = file->initializers;
  for (const OnnxNode& node : file->nodes) {
    if (const auto* value = node.Find<ConstTensorView>("value")) tensors.tensors.push_back({"value", *value});
  }
  ReadAll(std::move(tensors));
  const auto model = ModelFromOnnx(*file, std::nullopt, {});
  if (!model.ok()) ReadAll(model.status());
  return 0;
}
