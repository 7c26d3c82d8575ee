// A value of a GPU's arena as f32 in page-locked memory of the host.
#pragma once

#include "backend/cuda/device_memory.h"
#include "base/tensor.h"

namespace segforge {

class CudaValue {
 public:
  // Begins to copy it, widened; it is there once the stream was waited for.
  Status Fetch(const ConstTensorView& value, cudaStream_t stream);
  // Of the value fetched last, until the next one is.
  ConstTensorView view() const { return {host_.data(), DType::kF32, shape_}; }

 private:
  Shape shape_;
  cuda::DeviceBuffer wide_;  // f32 of a narrower value
  cuda::PinnedBuffer host_;
};

}  // namespace segforge
