#include "api/error.h"
#include "api/label_image.h"
#include "api/label_values.h"
#include "api/network_input.h"
#include "api/planes.h"
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

}  // namespace

struct OnnxReference::State {
  // What the options choose, or the one size that the file takes.
  ImageSize SizeFor(ImageSize source) const {
    if (const auto fixed = model->fixed_size()) return *fixed;
    return Unwrap(ChooseNetworkSize(options, preprocessing, source));
  }

  // The file takes its one size whatever the images have, unless the options ask for another.
  void CheckFixedSize() const {
    const auto fixed = model->fixed_size();
    if (!fixed || options.size == NetworkSize::kNative) return;
    const ImageSize chosen = Unwrap(ChooseNetworkSize(options, preprocessing, *fixed));
    if (chosen == *fixed) return;
    Throw(InvalidInput("{}: takes images of {}x{} alone, got a size of {}x{}", path, fixed->height,
                       fixed->width, chosen.height, chosen.width));
  }

  std::string path;
  std::unique_ptr<OnnxModel> model;
  SegmenterOptions options;
  Preprocessing preprocessing;
  int64_t classes;
  std::string device;
};

namespace {

// Labels [1, h, w] or [1, 1, h, w], whole numbers.
void TakeLabels(const Tensor& output, const std::string& path, int64_t classes, Segmentation& result) {
  const Shape& shape = output.shape();
  const Shape expected = {1, result.height, result.width};
  if (shape != expected && shape != Shape{1, 1, result.height, result.width}) {
    Throw(InvalidInput("{}: output: expected labels {}, of the network's input size, got {}{}", path,
                       ToString(expected), NameOf(output.dtype()), ToString(shape)));
  }
  SetLabels(output.view(), path, classes, result);
}

Result<Tensor> RunOnce(OnnxModel& model, const ConstTensorView& input) {
  SEGFORGE_RETURN_IF_ERROR(model.SetInput(input));
  SEGFORGE_RETURN_IF_ERROR(model.RunMs().status());
  return model.Output();
}

Segmentation FromLogits(const Tensor& output, const std::string& path, int64_t classes, ImageSize size) {
  const Shape& shape = output.shape();
  if (shape.rank() != 4 || shape[0] != 1 || shape[1] != classes || shape.elems() == 0) {
    Throw(InvalidInput("{}: output: expected logits [1, {}, height, width], got {}", path, classes,
                       ToString(shape)));
  }
  const Tensor maps = FromPlanes(output.view());
  const Shape one = {maps.shape()[1], maps.shape()[2], maps.shape()[3]};
  ThreadPool pool(1);
  return MakeSegmentation({maps.view().data, DType::kF32, one}, size, {true, false}, RefUpsampleArgmax, pool);
}

}  // namespace

OnnxReference::OnnxReference(const std::string& path, const ModelInfo& like,
                             const SegmenterOptions& options) {
  ThrowIfError(CheckSizeOptions(options));
  auto model = OnnxModel::Open(path, options.threads);
  if (!model.ok()) Throw(model.status().Within(path));
  std::string device = (*model)->name();
  if (const auto fixed = (*model)->fixed_size())
    device += fmt::format(", {}x{} alone", fixed->height, fixed->width);
  state_ = std::make_unique<State>(State{path, std::move(model).value(), options,
                                         PreprocessingOf(like, options), like.classes, std::move(device)});
  state_->CheckFixedSize();
}

OnnxReference::OnnxReference(OnnxReference&&) noexcept = default;
OnnxReference& OnnxReference::operator=(OnnxReference&&) noexcept = default;
OnnxReference::~OnnxReference() = default;

const std::string& OnnxReference::device() const { return state_->device; }

RgbImage OnnxReference::Resized(const RgbView& image) const {
  const ImageView view = Unwrap(CheckedView(image));
  const ImageSize size = state_->SizeFor({view.height, view.width});
  Image resized = Resize(view, size, state_->preprocessing.resample);
  return {size.height, size.width, std::move(resized.pixels)};
}

Segmentation OnnxReference::Run(const RgbView& image) const {
  const ImageView view = Unwrap(CheckedView(image));
  const ImageSize size = state_->SizeFor({view.height, view.width});
  const int64_t pixels = size.height * size.width;
  ThrowIfError(CheckMemory(2 * 3 * pixels * static_cast<int64_t>(sizeof(float)), "the network's input"));
  ThreadPool pool(1);
  Tensor input(DType::kF32, Shape{1, size.height, size.width, 3});
  ThrowIfError(FillInput(view, state_->preprocessing, input.view(), pool));
  const Tensor planes = ToPlanes(input.view());
  const Tensor output = Unwrap(RunOnce(*state_->model, planes.view()));
  Segmentation result;
  if (IsFloat(output.dtype())) {
    result = FromLogits(output, state_->path, state_->classes, size);
  } else {
    result.height = size.height;
    result.width = size.width;
    TakeLabels(output, state_->path, state_->classes, result);
  }
  result.network_height = size.height;
  result.network_width = size.width;
  return result;
}

}  // namespace segforge
