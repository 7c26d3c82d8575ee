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
  places_.clear();
  copies_.clear();
  wide_ = results.labels == DType::kU16;
  all_bytes_ = 0;
  const auto place = [this](size_t bytes) {
    const size_t offset = all_bytes_;
    all_bytes_ = (offset + bytes + kAlignment - 1) / kAlignment * kAlignment;
    return offset;
  };
  for (const ImageView& image : images) {
    Place one;
    one.size = {image.height, image.width};
    const auto pixels = static_cast<size_t>(one.size.elems());
    if (results.labels) one.labels_bytes = pixels * SizeOf(*results.labels);
    if (results.confidence) one.confidence_bytes = pixels * sizeof(float);
    one.labels_offset = place(one.labels_bytes);
    one.confidence_offset = place(one.confidence_bytes);
    places_.push_back(one);
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
  for (const Place& place : places_) {
    args.out_height = static_cast<int>(place.size[0]);
    args.out_width = static_cast<int>(place.size[1]);
    args.labels = place.labels_bytes > 0 ? device_.data() + place.labels_offset : nullptr;
    args.confidence = place.confidence_bytes > 0
                          ? reinterpret_cast<float*>(device_.data() + place.confidence_offset)
                          : nullptr;
    cuda::LaunchUpsampleArgmax(args, stream);
    args.logits += image_elems;
  }
  return cuda::StatusOf(cudaGetLastError(), "label maps");
}

Status CudaLabels::DownloadOne(const TensorView& map, size_t offset, size_t bytes, cudaStream_t stream) {
  if (bytes == 0) return Status();
  SEGFORGE_CHECK(map.data != nullptr && map.bytes() == bytes);
  void* to = map.data;
  if (!cuda::IsPageLocked(to, bytes)) {
    SEGFORGE_RETURN_IF_ERROR(cuda::Grow(staging_, all_bytes_, "label maps"));
    to = staging_.data() + offset;
    copies_.push_back({map.data, staging_.data() + offset, bytes});
  }
  return cuda::StatusOf(cudaMemcpyAsync(to, device_.data() + offset, bytes, cudaMemcpyDeviceToHost, stream),
                        "label maps");
}

Status CudaLabels::Download(std::span<const LabelMaps> maps, cudaStream_t stream) {
  if (all_bytes_ == 0) return Status();
  SEGFORGE_CHECK(maps.size() == places_.size());
  for (size_t n = 0; n < maps.size(); ++n) {
    const Place& place = places_[n];
    SEGFORGE_RETURN_IF_ERROR(DownloadOne(maps[n].labels, place.labels_offset, place.labels_bytes, stream));
    SEGFORGE_RETURN_IF_ERROR(
        DownloadOne(maps[n].confidence, place.confidence_offset, place.confidence_bytes, stream));
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
