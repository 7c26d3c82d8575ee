#include "api/error.h"
#include "api/label_image.h"
#include "api/label_values.h"
#include "formats/npy.h"
#include "segforge/evaluate.h"

namespace segforge {
namespace {

struct Size {
  int64_t height;
  int64_t width;
};

// The one array of a file; the checkpoint keeps its bytes.
ConstTensorView ArrayOf(const Checkpoint& file, const std::string& path) {
  if (file.tensors.size() != 1)
    Throw(InvalidInput("{}: expected one array, got {}", path, file.tensors.size()));
  return file.tensors.front().tensor;
}

void LoadLabels(const std::string& path, Size size, int64_t classes, Segmentation& result) {
  const Checkpoint file = Unwrap(OpenNpy(path));
  const ConstTensorView array = ArrayOf(file, path);
  const Shape expected = {size.height, size.width};
  if (array.shape != expected) {
    Throw(InvalidInput("{}: labels: expected {}, got {}", path, ToString(expected), ToString(array.shape)));
  }
  SetLabels(array, path, classes, result);
}

// [classes, h, w] -> [h, w, classes]
Tensor ChannelsLast(const Segmentation& result, int64_t classes) {
  const int64_t pixels = result.logits_height * result.logits_width;
  Tensor tensor(DType::kF32, Shape{result.logits_height, result.logits_width, classes});
  float* to = tensor.view().as<float>();
  for (int64_t c = 0; c < classes; ++c) {
    for (int64_t i = 0; i < pixels; ++i)
      to[i * classes + c] = result.logits[static_cast<size_t>(c * pixels + i)];
  }
  return tensor;
}

void LoadLogits(const std::string& path, int64_t classes, Segmentation& result) {
  const Checkpoint file = Unwrap(OpenNpy(path));
  const ConstTensorView array = ArrayOf(file, path);
  const Shape& shape = array.shape;
  const int first = shape.rank() == 4 && shape[0] == 1 ? 1 : 0;
  const bool fits = shape.rank() - first == 3 && shape[first] == classes && shape.elems() > 0;
  if (!fits || !IsFloat(array.dtype)) {
    Throw(InvalidInput("{}: logits: expected floats [{}, height, width], got {} {}", path, classes,
                       NameOf(array.dtype), ToString(shape)));
  }
  const Tensor values = ToFloat32(array);
  result.logits.assign(values.span<float>().begin(), values.span<float>().end());
  result.logits_height = shape[first + 1];
  result.logits_width = shape[first + 2];
}

}  // namespace

int NpyAxes(const std::string& path) {
  const Checkpoint file = Unwrap(OpenNpy(path));
  return ArrayOf(file, path).shape.rank();
}

Segmentation LoadSegmentation(const std::string& labels, const std::string& logits, int64_t height,
                              int64_t width, int64_t classes) {
  if (labels.empty() && logits.empty()) Throw(InvalidInput("stored result: expected labels or logits"));
  if (height < 1 || width < 1)
    Throw(InvalidInput("stored result: expected a size, got {}x{}", height, width));
  Segmentation result;
  result.height = height;
  result.width = width;
  if (!logits.empty()) LoadLogits(logits, classes, result);
  if (!labels.empty()) {
    LoadLabels(labels, {height, width}, classes, result);
    return result;
  }
  ThreadPool pool(1);
  const Tensor last = ChannelsLast(result, classes);
  Segmentation made = MakeSegmentation(last.view(), {height, width}, {}, RefUpsampleArgmax, pool);
  result.labels8 = std::move(made.labels8);
  result.labels16 = std::move(made.labels16);
  return result;
}

}  // namespace segforge
