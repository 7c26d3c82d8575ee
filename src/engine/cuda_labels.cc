#include "engine/cuda_labels.h"

#include <algorithm>
#include <cstring>

#include "backend/cuda/upsample.h"

namespace segforge {
namespace {

constexpr size_t kBytesPerCopy = size_t{1} << 17;
constexpr size_t kAlignment = 256;

}  // namespace

Status CudaLabels::Prepare(std::span<const ImageView> images, const RunResults& results) {
  images_.clear();
  copies_.clear();
  wide_ = results.labels == DType::kU16;
  top_ = results.top;
  all_bytes_ = 0;
  const auto place = [this](int64_t elems, size_t elem_bytes) {
    const Place next = {all_bytes_, static_cast<size_t>(elems) * elem_bytes};
    all_bytes_ = (next.offset + next.bytes + kAlignment - 1) / kAlignment * kAlignment;
    return next;
  };
  for (const ImageView& image : images) {
    const Shape size = {image.height, image.width};
    const int64_t pixels = size.elems();
    images_.push_back({size, place(pixels, results.labels ? SizeOf(*results.labels) : 0),
                       place(results.confidence ? pixels : 0, sizeof(float)),
                       place(top_ * pixels, sizeof(uint16_t)), place(top_ * pixels, sizeof(float))});
  }
  return cuda::Grow(device_, all_bytes_, "label maps");
}

Status CudaLabels::Launch(const TensorView& logits, cudaStream_t stream) const {
  if (all_bytes_ == 0) return Status();
  const int64_t image_elems = logits.shape.elems() / logits.shape[0];
  cuda::UpsampleArgmaxArgs args;
  args.logits = logits.as<float>();
  args.n = 1;
  args.height = static_cast<int>(logits.shape[1]);
  args.width = static_cast<int>(logits.shape[2]);
  args.classes = static_cast<int>(logits.shape[3]);
  args.wide_labels = wide_;
  args.top = static_cast<int>(top_);
  for (const ImagePlaces& image : images_) {
    args.out_height = static_cast<int>(image.size[0]);
    args.out_width = static_cast<int>(image.size[1]);
    args.labels = At<void>(image.labels);
    args.confidence = At<float>(image.confidence);
    args.top_labels = At<uint16_t>(image.top_labels);
    args.top_probabilities = At<float>(image.top_probabilities);
    cuda::LaunchUpsampleArgmax(args, stream);
    args.logits += image_elems;
  }
  return cuda::StatusOf(cudaGetLastError(), "label maps");
}

Status CudaLabels::DownloadOne(const TensorView& map, const Place& place, cudaStream_t stream) {
  if (place.bytes == 0) return Status();
  SEGFORGE_CHECK(map.data != nullptr && map.bytes() == place.bytes);
  void* to = map.data;
  if (!cuda::IsPageLocked(to, place.bytes)) {
    SEGFORGE_RETURN_IF_ERROR(cuda::Grow(staging_, all_bytes_, "label maps"));
    to = staging_.data() + place.offset;
    copies_.push_back({map.data, staging_.data() + place.offset, place.bytes});
  }
  return cuda::StatusOf(
      cudaMemcpyAsync(to, device_.data() + place.offset, place.bytes, cudaMemcpyDeviceToHost, stream),
      "label maps");
}

Status CudaLabels::Download(std::span<const LabelMaps> maps, cudaStream_t stream) {
  if (all_bytes_ == 0) return Status();
  SEGFORGE_CHECK(maps.size() == images_.size());
  for (size_t n = 0; n < maps.size(); ++n) {
    const ImagePlaces& image = images_[n];
    SEGFORGE_RETURN_IF_ERROR(DownloadOne(maps[n].labels, image.labels, stream));
    SEGFORGE_RETURN_IF_ERROR(DownloadOne(maps[n].confidence, image.confidence, stream));
    SEGFORGE_RETURN_IF_ERROR(DownloadOne(maps[n].top_labels, image.top_labels, stream));
    SEGFORGE_RETURN_IF_ERROR(DownloadOne(maps[n].top_probabilities, image.top_probabilities, stream));
  }
  return Status();
}

void CudaLabels::CopyOut(ThreadPool& pool) const {
  for (const Copy& copy : copies_) {
    const auto blocks = static_cast<int64_t>((copy.bytes + kBytesPerCopy - 1) / kBytesPerCopy);
    pool.ParallelFor(blocks, 1, [&](int64_t begin, int64_t end, int) {
      const size_t first = static_cast<size_t>(begin) * kBytesPerCopy;
      const size_t last = std::min(copy.bytes, static_cast<size_t>(end) * kBytesPerCopy);
      std::memcpy(static_cast<std::byte*>(copy.to) + first, copy.from + first, last - first);
    });
  }
}

}  // namespace segforge
