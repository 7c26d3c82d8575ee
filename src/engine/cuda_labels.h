// Label maps on their way from a plan's logits on a GPU to host memory.
#pragma once

#include <span>
#include <vector>

#include "backend/cuda/device_memory.h"
#include "backend/labels.h"
#include "base/thread_pool.h"
#include "engine/session.h"

namespace segforge {

// Used by one session, for one run at a time.
class CudaLabels {
 public:
  // Takes memory for the results of images of these sizes.
  Status Prepare(std::span<const ImageView> images, const RunResults& results);
  // Labels of logits [N, h, w, classes] f32, on the device.
  Status Launch(const TensorView& logits, cudaStream_t stream) const;
  // Copies to the maps of each image: those in page-locked memory are written by the device.
  Status Download(std::span<const LabelMaps> maps, cudaStream_t stream);
  // Fills the other maps, once the stream was waited for.
  void CopyOut(ThreadPool& pool) const;

 private:
  // In device_, and in staging_. Without bytes where a map is not wanted.
  struct Place {
    size_t offset = 0, bytes = 0;
  };
  struct ImagePlaces {
    Shape size;
    Place labels, confidence, top_labels, top_probabilities;
  };
  struct Copy {
    void* to;
    const std::byte* from;
    size_t bytes;
  };

  template <typename T>
  T* At(const Place& place) const {  // on the device
    return place.bytes > 0 ? reinterpret_cast<T*>(device_.data() + place.offset) : nullptr;
  }
  Status DownloadOne(const TensorView& map, const Place& place, cudaStream_t stream);

  std::vector<ImagePlaces> images_;
  bool wide_ = false;  // labels of 16 bits
  int64_t top_ = 0;
  size_t all_bytes_ = 0;
  cuda::DeviceBuffer device_;
  cuda::PinnedBuffer staging_;
  std::vector<Copy> copies_;  // left for CopyOut
};

}  // namespace segforge
