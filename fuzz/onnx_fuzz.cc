// Any bytes as an ONNX file: its tensors are whole, or it is an error of one line.
#include "formats/onnx.h"
#include "read_all.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace segforge;
  auto model = OnnxFromBytes({std::as_bytes(std::span(data, size)), nullptr}, {});
  if (!model.ok()) {
    ReadAll(model.status());
    return 0;
  }
  Checkpoint tensors;
  tensors.tensors = std::move(model->initializers);
  for (const OnnxNode& node : model->nodes) {
    if (const auto* value = node.Find<ConstTensorView>("value")) tensors.tensors.push_back({"value", *value});
  }
  ReadAll(std::move(tensors));
  return 0;
}
