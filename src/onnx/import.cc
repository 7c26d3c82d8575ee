#include "onnx/import.h"

#include "formats/printable.h"
#include "onnx/opset.h"
#include "onnx/translator.h"

namespace segforge {
namespace {

constexpr int64_t kMaxPixels = int64_t{1}
                               << 28;  // of a batch; beyond it sizes of maps might not fit a number

Status CheckNode(const OnnxNode& node) {
  for (const OnnxAttribute& attribute : node.attributes) {
    const auto* opaque = std::get_if<OnnxOpaque>(&attribute.value);
    if (opaque == nullptr) continue;
    return Unsupported(
        "node \"{}\" ({}): attribute \"{}\": only numbers, texts and tensors are supported, no graphs (If, "
        "Loop, Scan) and no types",
        Printable(node.name), Printable(node.op), Printable(attribute.name));
  }
  return Status();
}

// What a reader may pass on, and no SegFormer has.
Status CheckFile(const OnnxFile& model) {
  if (model.opset < kMinOpset || model.opset > kMaxOpset)
    return Unsupported("opset {}: expected {} to {}", model.opset, kMinOpset, kMaxOpset);
  if (!model.other_initializers.empty()) {
    return Unsupported("initializer \"{}\": sparse tensors and other element types are not supported",
                       Printable(model.other_initializers.front().first));
  }
  for (const OnnxNode& node : model.nodes) SEGFORGE_RETURN_IF_ERROR(CheckNode(node));
  return Status();
}

int64_t Fixed(int64_t declared, int64_t otherwise) { return declared == kFreeDim ? otherwise : declared; }

}  // namespace

Result<std::vector<InputSize>> SizesToImport(const OnnxFile& model) {
  SEGFORGE_RETURN_IF_ERROR(CheckFile(model));
  if (model.inputs.size() != 1 || !model.inputs[0].dims || model.inputs[0].dims->size() != 4)
    return Unsupported("no SegFormer: expected one input, an image of 4 axes");
  const std::vector<int64_t>& dims = *model.inputs[0].dims;
  const bool channels_first = dims[1] == 3;
  const int64_t n = dims[0], h = dims[channels_first ? 2 : 1], w = dims[channels_first ? 3 : 2];
  for (const int64_t size : {n, h, w}) {
    if (size > kMaxPixels) return Unsupported("input of {} x {} x {}", n, h, w);
  }
  std::vector<InputSize> sizes = {{Fixed(n, 2), Fixed(h, 96), Fixed(w, 160)}};
  if (n == kFreeDim || h == kFreeDim || w == kFreeDim)
    sizes.push_back({Fixed(n, 3), Fixed(h, 132), Fixed(w, 100)});
  for (const InputSize& size : sizes) {
    if (size.h > kMaxPixels / size.n || size.w > kMaxPixels / (size.n * size.h))
      return Unsupported("input of {} x {} x {}", n, h, w);
  }
  return sizes;
}

Result<Graph> ImportGraph(const OnnxFile& model, const InputSize& size) {
  Translator translator(model);
  SEGFORGE_RETURN_IF_ERROR(translator.Run(size));
  return std::move(translator.graph());
}

}  // namespace segforge
