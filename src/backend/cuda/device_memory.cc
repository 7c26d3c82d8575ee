#include "backend/cuda/device_memory.h"

#include <utility>

namespace segforge::cuda {

Status StatusOf(cudaError_t error, std::string_view what) {
  if (error == cudaSuccess) return Status();
  if (error == cudaErrorMemoryAllocation) return OutOfMemory("{}: {}", what, cudaGetErrorString(error));
  return IoError("{}: CUDA: {}", what, cudaGetErrorString(error));
}

DeviceBuffer::~DeviceBuffer() { cudaFree(data_); }

DeviceBuffer::DeviceBuffer(DeviceBuffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

DeviceBuffer& DeviceBuffer::operator=(DeviceBuffer&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

Result<DeviceBuffer> DeviceBuffer::Make(size_t bytes, std::string_view what) {
  DeviceBuffer buffer;
  if (bytes == 0) return buffer;
  const cudaError_t error = cudaMalloc(&buffer.data_, bytes);
  if (error == cudaErrorMemoryAllocation) {
    static_cast<void>(cudaGetLastError());  // an allocation that failed is no lasting error
    size_t free_bytes = 0, all_bytes = 0;
    static_cast<void>(cudaMemGetInfo(&free_bytes, &all_bytes));
    return OutOfMemory("{}: needs {} bytes of GPU memory, {} are free", what, bytes, free_bytes);
  }
  SEGFORGE_RETURN_IF_ERROR(StatusOf(error, what));
  buffer.bytes_ = bytes;
  return buffer;
}

Result<DeviceBuffer> DeviceBuffer::Upload(const void* from, size_t bytes, std::string_view what) {
  SEGFORGE_ASSIGN_OR_RETURN(DeviceBuffer buffer, Make(bytes, what));
  SEGFORGE_RETURN_IF_ERROR(StatusOf(cudaMemcpy(buffer.data_, from, bytes, cudaMemcpyHostToDevice), what));
  return buffer;
}

PinnedBuffer::~PinnedBuffer() { cudaFreeHost(data_); }

PinnedBuffer::PinnedBuffer(PinnedBuffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

PinnedBuffer& PinnedBuffer::operator=(PinnedBuffer&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

Result<PinnedBuffer> PinnedBuffer::Make(size_t bytes, std::string_view what) {
  PinnedBuffer buffer;
  if (bytes == 0) return buffer;
  SEGFORGE_RETURN_IF_ERROR(StatusOf(cudaMallocHost(&buffer.data_, bytes), what));
  buffer.bytes_ = bytes;
  return buffer;
}

}  // namespace segforge::cuda
