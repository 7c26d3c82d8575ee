#include "api/run_batch.h"

#include <algorithm>
#include <utility>

#include "api/augment.h"
#include "api/image_logits.h"
#include "api/label_image.h"
#include "api/logit_average.h"
#include "api/network_input.h"
#include "api/slide.h"
#include "api/tile.h"
#include "base/memory.h"
#include "base/stopwatch.h"

namespace segforge {
namespace {

ImageSize SizeOf(const ImageView& image) { return {image.height, image.width}; }

// What all images of one call share.
struct Call {
  const LoadedModel& model;
  const Wanted& wanted;
  ImageSize network;
  Session& session;
};

Timings TimingsOf(const RunTimes& times) { return {times.input, times.steps, times.labels}; }

Segmentation Finish(const Call& call, Segmentation result, const Timings& timings, Stopwatch& watch) {
  result.timings = timings;
  result.timings.labels += watch.LapMs();
  result.network_height = call.network.height;
  result.network_width = call.network.width;
  return result;
}

// From logits [h, w, classes] in host memory.
Segmentation FromLogits(const Call& call, const ConstTensorView& logits, ImageSize source,
                        const Timings& timings) {
  Stopwatch watch;
  ThreadPool& pool = call.session.pool();
  LogitAverage* average = call.wanted.average;
  const ConstTensorView shown = average != nullptr ? Average(logits, *average, pool) : logits;
  Segmentation result = MakeSegmentation(shown, source, call.wanted, call.model.label_kernel, pool);
  return Finish(call, std::move(result), timings, watch);
}

// For that many images of the network's size.
Result<std::shared_ptr<const Plan>> PreparePlan(const Call& call, int64_t count) {
  const InputSize size = {count, call.network.height, call.network.width};
  SEGFORGE_ASSIGN_OR_RETURN(auto plan, call.model.engine->PlanFor(size, call.model.threads));
  SEGFORGE_RETURN_IF_ERROR(call.session.Prepare(plan));
  return plan;
}

Status CheckRoom(const Call& call, const std::vector<ImageView>& images, const Batch& batch,
                 const Shape& logits) {
  int64_t map_bytes = 0;
  for (const size_t i : batch.images) {
    map_bytes += LabelImageBytes(SizeOf(images[i]), {logits[1], logits[2], logits[3]}, call.wanted);
  }
  return CheckMemory(map_bytes, "label maps");
}

// What the session has computed of the batch's images; their maps are filled.
Result<std::vector<Segmentation>> FinishAll(const Call& call, std::vector<Segmentation> maps, bool has_logits,
                                            const RunTimes& times) {
  ConstTensorView all;
  if (has_logits) {
    SEGFORGE_ASSIGN_OR_RETURN(all, call.session.output(0));
  }
  for (size_t n = 0; n < maps.size(); ++n) {
    Stopwatch watch;
    const ConstTensorView logits = has_logits ? ImageOf(all, static_cast<int64_t>(n)) : ConstTensorView();
    FinishSegmentation(has_logits ? &logits : nullptr, call.wanted, call.session.pool(), maps[n]);
    maps[n] = Finish(call, std::move(maps[n]), TimingsOf(times), watch);
  }
  return maps;
}

Result<std::vector<Segmentation>> RunWhole(const Call& call, const std::vector<ImageView>& images,
                                           const Batch& batch) {
  std::vector<ImageView> sources;
  for (const size_t i : batch.images) sources.push_back(images[i]);
  SEGFORGE_ASSIGN_OR_RETURN(const auto plan, PreparePlan(call, static_cast<int64_t>(sources.size())));
  const RunResults results = ResultsFor(call.model.classes, call.wanted);
  SEGFORGE_RETURN_IF_ERROR(call.session.Start(sources, call.model.preprocessing, results));
  // A device works on meanwhile.
  SEGFORGE_RETURN_IF_ERROR(CheckRoom(call, images, batch, plan->outputs[0].shape));
  std::vector<Segmentation> maps;
  std::vector<LabelMaps> views;
  maps.reserve(sources.size());
  views.reserve(sources.size());
  for (const ImageView& source : sources)
    maps.push_back(EmptySegmentation(call.model.classes, SizeOf(source), call.wanted));
  for (Segmentation& map : maps) views.push_back(MapsOf(call.wanted, map));
  SEGFORGE_ASSIGN_OR_RETURN(const RunTimes times, call.session.Finish(views));
  return FinishAll(call, std::move(maps), results.outputs, times);
}

// An average is in host memory, and so are the labels made of it.
Result<Segmentation> RunAveraged(const Call& call, const ImageView& image) {
  SEGFORGE_ASSIGN_OR_RETURN(const auto plan, PreparePlan(call, 1));
  SEGFORGE_RETURN_IF_ERROR(CheckRoom(call, {image}, {call.network, {0}}, plan->outputs[0].shape));
  Timings timings;
  SEGFORGE_ASSIGN_OR_RETURN(const ConstTensorView logits,
                            ImageLogits(call.session, image, call.model.preprocessing, timings));
  return FromLogits(call, ImageOf(logits, 0), SizeOf(image), timings);
}

// The image at the network's size; `resized` owns the pixels where they are not the image's own.
Result<ImageView> ResizedView(const Call& call, const ImageView& image, Image& resized) {
  if (SizeOf(image) == call.network) return image;
  const int64_t bytes = call.network.height * call.network.width * 3;
  SEGFORGE_RETURN_IF_ERROR(CheckMemory(bytes, "the resized image"));
  resized = Resize(image, call.network, call.model.preprocessing.resample, &call.session.pool());
  return resized.view();
}

// Logits [h, w, classes] of one image that has the network's size, whole or slid over. They lie in `slid` or
// in the session, until it is used again.
Result<ConstTensorView> OneImagesLogits(const Call& call, const ImageView& image, Tensor& slid,
                                        Timings& times) {
  if (call.model.options.mode == InferenceMode::kSlide) {
    SEGFORGE_ASSIGN_OR_RETURN(slid, SlideLogits(call.model, image, call.session, times));
    return std::as_const(slid).view();
  }
  SEGFORGE_RETURN_IF_ERROR(PreparePlan(call, 1).status());
  SEGFORGE_ASSIGN_OR_RETURN(const ConstTensorView logits,
                            ImageLogits(call.session, image, call.model.preprocessing, times));
  return ImageOf(logits, 0);
}

Result<Segmentation> RunSlide(const Call& call, const ImageView& image) {
  Stopwatch watch;
  Timings timings;
  Image resized;
  SEGFORGE_ASSIGN_OR_RETURN(const ImageView input, ResizedView(call, image, resized));
  timings.resize = watch.LapMs();
  Tensor slid;
  SEGFORGE_ASSIGN_OR_RETURN(const ConstTensorView logits, OneImagesLogits(call, input, slid, timings));
  SEGFORGE_RETURN_IF_ERROR(
      CheckMemory(LabelImageBytes(SizeOf(image), logits.shape, call.wanted), "label maps"));
  return FromLogits(call, logits, SizeOf(image), timings);
}

// Adds the probabilities of the image at call.network, and of its mirror image, to sum.
Status AddScale(const Call& call, const ImageView& image, TensorView sum, Timings& times) {
  Stopwatch watch;
  Image resized;
  SEGFORGE_ASSIGN_OR_RETURN(ImageView input, ResizedView(call, image, resized));
  times.resize += watch.LapMs();
  for (const bool mirrored : {false, true}) {
    if (mirrored && !call.model.options.flip) break;
    if (mirrored) {
      SEGFORGE_RETURN_IF_ERROR(CheckMemory(input.height * input.width * 3, "the mirrored image"));
      resized = Mirrored(input);
      input = resized.view();
    }
    Tensor slid;
    SEGFORGE_ASSIGN_OR_RETURN(const ConstTensorView logits, OneImagesLogits(call, input, slid, times));
    watch.LapMs();
    AddProbabilities(logits, call.network, mirrored, sum, call.session.pool());
    times.labels += watch.LapMs();
  }
  return Status();
}

Result<Segmentation> RunAugmented(const Call& call, const ImageView& image) {
  const SegmenterOptions& options = call.model.options;
  const Shape shape = {image.height, image.width, call.model.classes};
  SEGFORGE_RETURN_IF_ERROR(CheckMemory(shape.elems() * static_cast<int64_t>(sizeof(float)) +
                                           LabelImageBytes(SizeOf(image), shape, call.wanted),
                                       "the averaged probabilities"));
  Tensor sum(DType::kF32, shape);
  std::ranges::fill(sum.span<float>(), 0.0f);
  Timings timings;
  for (const double scale : options.scales) {
    Call scaled = call;
    SEGFORGE_ASSIGN_OR_RETURN(scaled.network,
                              ChooseNetworkSize(options, call.model.preprocessing, SizeOf(image), scale));
    SEGFORGE_RETURN_IF_ERROR(AddScale(scaled, image, sum.view(), timings));
  }
  Stopwatch watch;
  LogOfMean(static_cast<int64_t>(options.scales.size()) * (options.flip ? 2 : 1), sum.view(),
            call.session.pool());
  timings.labels += watch.LapMs();
  return FromLogits(call, std::as_const(sum).view(), SizeOf(image), timings);
}

Result<std::vector<Segmentation>> AsList(Result<Segmentation> result) {
  if (!result.ok()) return result.status();
  std::vector<Segmentation> list;
  list.push_back(std::move(result).value());
  return list;
}

bool IsAugmented(const SegmenterOptions& options) {
  return options.flip || options.scales.size() > 1 || options.scales.front() != 1;
}

}  // namespace

Result<std::vector<Batch>> BatchesOf(const LoadedModel& model, const std::vector<ImageView>& images) {
  std::vector<Batch> batches;
  for (size_t i = 0; i < images.size(); ++i) {
    SEGFORGE_ASSIGN_OR_RETURN(const ImageSize network,
                              ChooseNetworkSize(model.options, model.preprocessing, SizeOf(images[i])));
    const auto same = std::ranges::find(batches, network, &Batch::network);
    if (RunsWhole(model.options) && same != batches.end()) {
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
  const ImageView& first = images[batch.images.front()];
  if (model.options.mode == InferenceMode::kTile) return AsList(RunTiles(model, first, wanted, session));
  if (IsAugmented(model.options)) return AsList(RunAugmented(call, first));
  if (model.options.mode == InferenceMode::kSlide) return AsList(RunSlide(call, first));
  if (wanted.average != nullptr) return AsList(RunAveraged(call, first));
  return RunWhole(call, images, batch);
}

bool RunsWhole(const SegmenterOptions& options) {
  return options.mode == InferenceMode::kWhole && !IsAugmented(options);
}

Result<Timings> RunIntoOnSession(const LoadedModel& model, const ImageView& image, ImageSize network,
                                 const TensorView& labels, Session& session) {
  const Wanted wanted;
  const Call call = {model, wanted, network, session};
  SEGFORGE_RETURN_IF_ERROR(PreparePlan(call, 1).status());
  SEGFORGE_RETURN_IF_ERROR(
      session.Start({&image, 1}, model.preprocessing, ResultsFor(model.classes, wanted)));
  const LabelMaps maps = {.labels = labels};
  SEGFORGE_ASSIGN_OR_RETURN(const RunTimes times, session.Finish({&maps, 1}));
  return TimingsOf(times);
}

}  // namespace segforge
