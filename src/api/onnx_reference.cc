#include "api/error.h"
#include "api/label_image.h"
#include "api/network_input.h"
#include "base/memory.h"
#include "eval/onnx_runtime.h"
#include "segforge/evaluate.h"

namespace segforge {
namespace {

Preprocessing PreprocessingOf(const ModelInfo& info, const SegmenterOptions& options) {
  Preprocessing preprocessing;
  if (info.config_height > 0) preprocessing.size = ImageSize{info.config_height, info.config_width};
  const Resampling resampling =
      options.resampling == Resampling::kFromConfig ? info.resampling : options.resampling;
  preprocessing.resample = resampling == Resampling::kOpenCv ? Resample::kOpenCv : Resample::kPillow;
  preprocessing.rescale = info.rescale;
  preprocessing.mean = info.mean;
  preprocessing.std = info.std;
  return preprocessing;
}

// [1, A, B, C] -> [1, C, A, B], or the other way round with the last two given
Tensor Transposed(const ConstTensorView& from, const Shape& shape, int64_t rows, int64_t columns) {
  Tensor to(DType::kF32, shape);
  const float* source = from.as<float>();
  float* target = to.view().as<float>();
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < columns; ++c) target[c * rows + r] = source[r * columns + c];
  }
  return to;
}

}  // namespace

struct OnnxReference::State {
  OnnxModel model;
  SegmenterOptions options;
  Preprocessing preprocessing;
  int64_t classes;
  std::string device;
};

OnnxReference::OnnxReference(const std::string& path, const ModelInfo& like,
                             const SegmenterOptions& options) {
  ThrowIfError(CheckSizeOptions(options));
  auto model = OnnxModel::Open(path, options.threads);
  if (!model.ok()) Throw(model.status().Within(path));
  std::string device = "ONNX Runtime " + model->version();
  state_ = std::make_unique<State>(State{std::move(model).value(), options, PreprocessingOf(like, options),
                                         like.classes, std::move(device)});
}

OnnxReference::OnnxReference(OnnxReference&&) noexcept = default;
OnnxReference& OnnxReference::operator=(OnnxReference&&) noexcept = default;
OnnxReference::~OnnxReference() = default;

const std::string& OnnxReference::device() const { return state_->device; }

Segmentation OnnxReference::Run(const RgbView& image) const {
  const ImageView view = Unwrap(CheckedView(image));
  const ImageSize source = {view.height, view.width};
  const ImageSize size = Unwrap(ChooseNetworkSize(state_->options, state_->preprocessing, source));
  const int64_t pixels = size.height * size.width;
  ThrowIfError(CheckMemory(2 * 3 * pixels * static_cast<int64_t>(sizeof(float)), "the network's input"));
  ThreadPool pool(1);
  Tensor input(DType::kF32, Shape{1, size.height, size.width, 3});
  ThrowIfError(FillInput(view, state_->preprocessing, input.view(), pool));
  const Tensor planes = Transposed(input.view(), Shape{1, 3, size.height, size.width}, pixels, 3);
  const Tensor logits = Unwrap(state_->model.Run(planes.view()));
  const Shape& shape = logits.shape();
  if (shape[0] != 1 || shape[1] != state_->classes || shape.elems() == 0) {
    Throw(InvalidInput("output: expected logits [1, {}, height, width], got {}", state_->classes,
                       ToString(shape)));
  }
  const Tensor last =
      Transposed(logits.view(), Shape{shape[2], shape[3], shape[1]}, shape[1], shape[2] * shape[3]);
  Segmentation result = MakeSegmentation(last.view(), source, {true, false}, RefUpsampleArgmax, pool);
  result.network_height = size.height;
  result.network_width = size.width;
  return result;
}

}  // namespace segforge
