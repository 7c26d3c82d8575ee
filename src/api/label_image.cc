#include "api/label_image.h"

namespace segforge {
namespace {

constexpr int64_t kMaxClassesOf8Bits = 255;  // 255 itself stays free for "ignore"

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

}  // namespace

int64_t LabelImageBytes(ImageSize source, const Shape& logits, const Wanted& wanted) {
  const int64_t pixels = source.height * source.width;
  int64_t bytes = pixels * (logits[2] > kMaxClassesOf8Bits ? 2 : 1);
  if (wanted.confidence) bytes += pixels * static_cast<int64_t>(sizeof(float));
  if (wanted.logits) bytes += logits.elems() * static_cast<int64_t>(sizeof(float));
  return bytes;
}

Segmentation MakeSegmentation(const ConstTensorView& logits, ImageSize source, const Wanted& wanted,
                              LabelKernel kernel, ThreadPool& pool) {
  Segmentation result;
  result.height = source.height;
  result.width = source.width;
  const Shape shape = {source.height, source.width};
  const auto pixels = static_cast<size_t>(shape.elems());
  LabelMaps maps;
  if (logits.shape[2] > kMaxClassesOf8Bits) {
    result.labels16.resize(pixels);
    maps.labels = {result.labels16.data(), DType::kU16, shape};
  } else {
    result.labels8.resize(pixels);
    maps.labels = {result.labels8.data(), DType::kU8, shape};
  }
  if (wanted.confidence) {
    result.confidence.resize(pixels);
    maps.confidence = {result.confidence.data(), DType::kF32, shape};
  }
  kernel(logits, maps, pool);
  if (wanted.logits) {
    result.logits = ChannelsFirst(logits, pool);
    result.logits_height = logits.shape[0];
    result.logits_width = logits.shape[1];
  }
  return result;
}

}  // namespace segforge
