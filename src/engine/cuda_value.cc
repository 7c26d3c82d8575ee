#include "engine/cuda_value.h"

#include "backend/cuda/row_ops.h"

namespace segforge {

Status CudaValue::Fetch(const ConstTensorView& value, cudaStream_t stream) {
  const size_t bytes = static_cast<size_t>(value.shape.elems()) * sizeof(float);
  SEGFORGE_RETURN_IF_ERROR(cuda::Grow(host_, bytes, "a result"));
  const void* from = value.data;
  if (value.dtype != DType::kF32) {
    SEGFORGE_RETURN_IF_ERROR(cuda::Grow(wide_, bytes, "a result"));
    cuda::LaunchCast(value.dtype, DType::kF32, value.data, wide_.data(), value.shape.elems(), stream);
    SEGFORGE_RETURN_IF_CUDA_ERROR(cudaGetLastError(), "a result");
    from = wide_.data();
  }
  shape_ = value.shape;
  return cuda::StatusOf(cudaMemcpyAsync(host_.data(), from, bytes, cudaMemcpyDeviceToHost, stream),
                        "a result");
}

}  // namespace segforge
