#include "api/label_image.h"

#include "api/logit_average.h"
#include "backend/top_classes.h"

namespace segforge {
namespace {

// [h, w, classes] -> [classes, h, w], the layout that checkpoints' own tools write
std::vector<float> ChannelsFirst(const ConstTensorView& logits, ThreadPool& pool) {
  const int64_t pixels = logits.shape[0] * logits.shape[1];
  const int64_t classes = logits.shape[2];
  const float* from = logits.as<float>();
  std::vector<float> planes(static_cast<size_t>(pixels * classes));
  pool.ParallelFor(classes, 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t c = begin; c < end; ++c) {
      for (int64_t i = 0; i < pixels; ++i)
        planes[static_cast<size_t>(c * pixels + i)] = from[i * classes + c];
    }
  });
  return planes;
}

bool NeedsConfidence(const Wanted& wanted) { return wanted.confidence || wanted.reject_below > 0; }

void Reject(double below, Segmentation& result) {
  for (size_t i = 0; i < result.confidence.size(); ++i) {
    if (static_cast<double>(result.confidence[i]) >= below) continue;
    if (result.labels16.empty()) {
      result.labels8[i] = kIgnored8;
    } else {
      result.labels16[i] = kIgnored16;
    }
  }
}

void FinishProbabilities(const Wanted& wanted, Segmentation& result) {
  if (wanted.reject_below > 0) Reject(wanted.reject_below, result);
  if (!wanted.confidence) result.confidence = {};
}

void FillLogits(const ConstTensorView& logits, ThreadPool& pool, Segmentation& result) {
  result.logits = ChannelsFirst(logits, pool);
  result.logits_height = logits.shape[0];
  result.logits_width = logits.shape[1];
}

}  // namespace

Status CheckWanted(const Wanted& wanted, int64_t classes) {
  if (wanted.top_k < 0 || wanted.top_k > classes) {
    return InvalidInput("top k: expected at most the model's {} classes, got {}", classes, wanted.top_k);
  }
  if (!(wanted.reject_below >= 0 && wanted.reject_below <= 1)) {
    return InvalidInput("reject below: expected a probability, 0 to 1, got {}", wanted.reject_below);
  }
  if (wanted.average != nullptr) SEGFORGE_RETURN_IF_ERROR(CheckAverage(*wanted.average));
  return Status();
}

int64_t LabelImageBytes(ImageSize source, const Shape& logits, const Wanted& wanted) {
  const int64_t pixels = source.height * source.width;
  int64_t bytes = pixels * (logits[2] > kMaxClassesOf8Bits ? 2 : 1);
  if (NeedsConfidence(wanted)) bytes += pixels * static_cast<int64_t>(sizeof(float));
  bytes += pixels * wanted.top_k * static_cast<int64_t>(sizeof(uint16_t) + sizeof(float));
  const int64_t copies = (wanted.logits ? 1 : 0) + (wanted.average != nullptr ? 1 : 0);
  bytes += copies * logits.elems() * static_cast<int64_t>(sizeof(float));
  return bytes;
}

RunResults ResultsFor(int64_t classes, const Wanted& wanted) {
  return {classes > kMaxClassesOf8Bits ? DType::kU16 : DType::kU8, NeedsConfidence(wanted), wanted.logits,
          wanted.top_k};
}

Segmentation EmptySegmentation(int64_t classes, ImageSize source, const Wanted& wanted) {
  Segmentation result;
  result.height = source.height;
  result.width = source.width;
  const auto pixels = static_cast<size_t>(source.height * source.width);
  if (classes > kMaxClassesOf8Bits) {
    result.labels16.resize(pixels);
  } else {
    result.labels8.resize(pixels);
  }
  if (NeedsConfidence(wanted)) result.confidence.resize(pixels);
  result.top_labels.resize(static_cast<size_t>(wanted.top_k) * pixels);
  result.top_probabilities.resize(result.top_labels.size());
  return result;
}

LabelMaps MapsOf(const Wanted& wanted, Segmentation& result) {
  const Shape shape = {result.height, result.width};
  const Shape top = {wanted.top_k, result.height, result.width};
  LabelMaps maps;
  if (result.labels16.empty()) {
    maps.labels = {result.labels8.data(), DType::kU8, shape};
  } else {
    maps.labels = {result.labels16.data(), DType::kU16, shape};
  }
  if (!result.confidence.empty()) maps.confidence = {result.confidence.data(), DType::kF32, shape};
  if (wanted.top_k > 0) {
    maps.top_labels = {result.top_labels.data(), DType::kU16, top};
    maps.top_probabilities = {result.top_probabilities.data(), DType::kF32, top};
  }
  return maps;
}

void FinishSegmentation(const ConstTensorView* logits, const Wanted& wanted, ThreadPool& pool,
                        Segmentation& result) {
  FinishProbabilities(wanted, result);
  if (wanted.logits) FillLogits(*logits, pool, result);
}

Segmentation MakeSegmentation(const ConstTensorView& logits, ImageSize source, const Wanted& wanted,
                              LabelKernel kernel, ThreadPool& pool) {
  Segmentation result = EmptySegmentation(logits.shape[2], source, wanted);
  const LabelMaps maps = MapsOf(wanted, result);
  kernel(logits, maps, pool);
  FillTopClasses(logits, maps, pool);
  FinishSegmentation(&logits, wanted, pool, result);
  return result;
}

}  // namespace segforge
