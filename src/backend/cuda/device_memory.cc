#include "backend/cuda/device_memory.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <utility>

#include "backend/cuda/cuda.h"

namespace segforge::cuda {
namespace {

// Devices beyond share a count.
std::atomic<int64_t>& HeldOn(int device) {
  constexpr size_t kDevices = 64;
  static std::array<std::atomic<int64_t>, kDevices> held = {};
  return held[std::min(static_cast<size_t>(device), kDevices - 1)];
}

}  // namespace

Status StatusOf(cudaError_t error, std::string_view what) {
  if (error == cudaSuccess) return Status();
  static_cast<void>(cudaGetLastError());
  if (error == cudaErrorMemoryAllocation) return OutOfMemory("{}: {}", what, cudaGetErrorString(error));
  return IoError("{}: CUDA: {}", what, cudaGetErrorString(error));
}

int64_t BytesHeld(int device) { return HeldOn(device); }

DeviceBuffer::~DeviceBuffer() {
  if (data_ == nullptr) return;
  cudaFree(data_);
  HeldOn(device_) -= static_cast<int64_t>(bytes_);
}

DeviceBuffer::DeviceBuffer(DeviceBuffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      bytes_(std::exchange(other.bytes_, 0)),
      device_(other.device_) {}

DeviceBuffer& DeviceBuffer::operator=(DeviceBuffer&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  std::swap(device_, other.device_);
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
  SEGFORGE_RETURN_IF_CUDA_ERROR(cudaGetDevice(&buffer.device_), what);
  HeldOn(buffer.device_) += static_cast<int64_t>(bytes);
  return buffer;
}

Result<DeviceBuffer> DeviceBuffer::Upload(const void* from, size_t bytes, std::string_view what) {
  SEGFORGE_ASSIGN_OR_RETURN(DeviceBuffer buffer, Make(bytes, what));
  SEGFORGE_RETURN_IF_CUDA_ERROR(cudaMemcpy(buffer.data_, from, bytes, cudaMemcpyHostToDevice), what);
  // A small copy may still be under way, and the sessions' streams do not wait for the default one.
  SEGFORGE_RETURN_IF_CUDA_ERROR(cudaStreamSynchronize(cudaStreamLegacy), what);
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
  SEGFORGE_RETURN_IF_ERROR(StatusOf(cudaHostAlloc(&buffer.data_, bytes, cudaHostAllocPortable), what));
  buffer.bytes_ = bytes;
  return buffer;
}

bool IsPageLocked(const void* data, size_t bytes) {
  const auto is_locked = [](const void* at) {
    cudaPointerAttributes attributes = {};
    if (cudaPointerGetAttributes(&attributes, at) == cudaSuccess)
      return attributes.type == cudaMemoryTypeHost;
    static_cast<void>(cudaGetLastError());
    return false;
  };
  return bytes > 0 && is_locked(data) && is_locked(static_cast<const std::byte*>(data) + bytes - 1);
}

}  // namespace segforge::cuda

namespace segforge {

Result<std::shared_ptr<std::byte>> MakePageLocked(size_t bytes) {
  SEGFORGE_ASSIGN_OR_RETURN(
      cuda::PinnedBuffer buffer,
      cuda::PinnedBuffer::Make(bytes, fmt::format("{} bytes of page-locked memory", bytes)));
  const auto owner = std::make_shared<cuda::PinnedBuffer>(std::move(buffer));
  return std::shared_ptr<std::byte>(owner, owner->data());
}

}  // namespace segforge
