#include "api/run_batch.h"

#include <algorithm>

#include "api/label_image.h"
#include "api/network_input.h"
#include "api/slide.h"
#include "api/stopwatch.h"
#include "base/memory.h"

namespace segforge {
namespace {

// [N, H, W, 3] -> the n-th image's [1, H, W, 3]
TensorView InputOf(const TensorView& batch, int64_t n) {
  const Shape shape = {1, batch.shape[1], batch.shape[2], batch.shape[3]};
  return {batch.as<float>() + n * shape.elems(), DType::kF32, shape};
}

// [N, h, w, classes] -> the n-th image's [h, w, classes]
ConstTensorView LogitsOf(const ConstTensorView& batch, int64_t n) {
  const Shape shape = {batch.shape[1], batch.shape[2], batch.shape[3]};
  return {batch.as<float>() + n * shape.elems(), DType::kF32, shape};
}

ImageSize SizeOf(const ImageView& image) { return {image.height, image.width}; }

// What all images of one call share.
struct Call {
  const LoadedModel& model;
  const Wanted& wanted;
  ImageSize network;
  Session& session;
};

Segmentation Finish(const Call& call, const ConstTensorView& logits, ImageSize source,
                    const Timings& timings) {
  Stopwatch watch;
  Segmentation result =
      MakeSegmentation(logits, source, call.wanted, call.model.label_kernel, call.session.pool());
  result.timings = timings;
  result.timings.labels = watch.LapMs();
  result.network_height = call.network.height;
  result.network_width = call.network.width;
  return result;
}

Result<std::vector<Segmentation>> RunWhole(const Call& call, const std::vector<ImageView>& images,
                                           const Batch& batch) {
  const auto count = static_cast<int64_t>(batch.images.size());
  const InputSize size = {count, batch.network.height, batch.network.width};
  SEGFORGE_ASSIGN_OR_RETURN(const auto plan, call.model.engine->PlanFor(size, call.model.threads));
  SEGFORGE_RETURN_IF_ERROR(call.session.Prepare(plan));
  int64_t map_bytes = 0;
  for (const size_t i : batch.images) {
    map_bytes += LabelImageBytes(SizeOf(images[i]), LogitsOf(call.session.output(0), 0).shape, call.wanted);
  }
  SEGFORGE_RETURN_IF_ERROR(CheckMemory(map_bytes, "label maps"));

  Stopwatch watch;
  Timings timings;
  for (int64_t n = 0; n < count; ++n) {
    FillInput(images[batch.images[static_cast<size_t>(n)]], call.model.preprocessing,
              InputOf(call.session.input(), n), call.session.pool());
  }
  timings.resize = watch.LapMs();
  call.session.Execute();
  timings.engine = watch.LapMs();
  std::vector<Segmentation> results;
  for (int64_t n = 0; n < count; ++n) {
    const ImageSize source = SizeOf(images[batch.images[static_cast<size_t>(n)]]);
    results.push_back(Finish(call, LogitsOf(call.session.output(0), n), source, timings));
  }
  return results;
}

Result<Segmentation> RunSlide(const Call& call, const ImageView& image) {
  Stopwatch watch;
  Timings timings;
  Image resized;
  if (SizeOf(image) != call.network) {
    const int64_t bytes = call.network.height * call.network.width * 3;
    SEGFORGE_RETURN_IF_ERROR(CheckMemory(bytes, "the resized image"));
    resized = Resize(image, call.network, call.model.preprocessing.resample, &call.session.pool());
  }
  timings.resize = watch.LapMs();
  SEGFORGE_ASSIGN_OR_RETURN(
      const Tensor logits,
      SlideLogits(call.model, resized.pixels.empty() ? image : resized.view(), call.session, timings));
  SEGFORGE_RETURN_IF_ERROR(
      CheckMemory(LabelImageBytes(SizeOf(image), logits.shape(), call.wanted), "label maps"));
  return Finish(call, logits.view(), SizeOf(image), timings);
}

}  // namespace

Result<std::vector<Batch>> BatchesOf(const LoadedModel& model, const std::vector<ImageView>& images) {
  std::vector<Batch> batches;
  for (size_t i = 0; i < images.size(); ++i) {
    SEGFORGE_ASSIGN_OR_RETURN(const ImageSize network,
                              ChooseNetworkSize(model.options, model.preprocessing, SizeOf(images[i])));
    const auto same = std::ranges::find(batches, network, &Batch::network);
    if (model.options.mode == InferenceMode::kWhole && same != batches.end()) {
      same->images.push_back(i);
    } else {
      batches.push_back({network, {i}});
    }
  }
  return batches;
}

Result<std::vector<Segmentation>> RunBatchOnSession(const LoadedModel& model,
                                                    const std::vector<ImageView>& images, const Batch& batch,
                                                    const Wanted& wanted, Session& session) {
  const Call call = {model, wanted, batch.network, session};
  if (model.options.mode == InferenceMode::kWhole) return RunWhole(call, images, batch);
  SEGFORGE_ASSIGN_OR_RETURN(Segmentation result, RunSlide(call, images[batch.images.front()]));
  std::vector<Segmentation> results;
  results.push_back(std::move(result));
  return results;
}

}  // namespace segforge
