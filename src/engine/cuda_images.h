// Images on their way from host memory to a plan's input on a GPU.
#pragma once

#include <span>

#include "backend/cuda/device_memory.h"
#include "base/thread_pool.h"
#include "engine/cuda_resize.h"
#include "engine/plan.h"
#include "image/preprocess.h"

namespace segforge {

// Used by one session, whose last images are on the device before it begins with others.
class CudaImages {
 public:
  // Copies them to the device, and resizes them there to the plan's input size. Images in page-locked memory
  // are read by the device, after this has returned; others are copied to such memory first, a band after the
  // other, so that the device reads one while the next one is copied.
  Status Upload(std::span<const ImageView> images, const BufferPlace& input,
                const Preprocessing& preprocessing, ThreadPool& pool, cudaStream_t stream);
  // Normalises what was uploaded, of which `stream` must know.
  Status Normalize(const TensorView& input, const Preprocessing& preprocessing, cudaStream_t stream) const;

 private:
  Status Copy(const ImageView& image, std::byte* to, ThreadPool& pool, cudaStream_t stream);
  Status CopyStaged(const ImageView& image, std::byte* to, ThreadPool& pool, cudaStream_t stream);

  cuda::DeviceBuffer source_;  // one image as it came
  CudaResize resize_;
  cuda::DeviceBuffer pixels_;  // [N, H, W, 3] u8
  cuda::PinnedBuffer staging_;
  size_t staged_bytes_ = 0;  // of it, on their way to the device
};

}  // namespace segforge
