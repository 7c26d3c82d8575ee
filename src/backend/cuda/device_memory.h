// Memory of a GPU, and how CUDA's errors become ours.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <string_view>

#include "base/status.h"

namespace segforge::cuda {

// kOutOfMemory where it is that, else kIo; "WHAT: CUDA's words". Ok for cudaSuccess. An error is reported
// once: of those that do not last, cudaGetLastError knows none afterwards.
Status StatusOf(cudaError_t error, std::string_view what);

#define SEGFORGE_RETURN_IF_CUDA_ERROR(call, what) \
  SEGFORGE_RETURN_IF_ERROR(::segforge::cuda::StatusOf(call, what))

int64_t BytesHeld(int device);  // by all DeviceBuffers of this process

// Bytes of the device that was current when they were taken. Movable; frees itself.
class DeviceBuffer {
 public:
  DeviceBuffer() = default;
  ~DeviceBuffer();
  DeviceBuffer(DeviceBuffer&& other) noexcept;
  DeviceBuffer& operator=(DeviceBuffer&& other) noexcept;

  // kOutOfMemory names the bytes, those that are free and what they were for.
  static Result<DeviceBuffer> Make(size_t bytes, std::string_view what);
  static Result<DeviceBuffer> Upload(const void* from, size_t bytes, std::string_view what);

  std::byte* data() const { return static_cast<std::byte*>(data_); }
  size_t bytes() const { return bytes_; }
  template <typename T>
  T* as() const {
    return static_cast<T*>(data_);
  }

 private:
  void* data_ = nullptr;
  size_t bytes_ = 0;
  int device_ = 0;
};

// Page-locked memory of the host, which every GPU copies from and to at full speed.
class PinnedBuffer {
 public:
  PinnedBuffer() = default;
  ~PinnedBuffer();
  PinnedBuffer(PinnedBuffer&& other) noexcept;
  PinnedBuffer& operator=(PinnedBuffer&& other) noexcept;

  static Result<PinnedBuffer> Make(size_t bytes, std::string_view what);
  std::byte* data() const { return static_cast<std::byte*>(data_); }
  size_t bytes() const { return bytes_; }

 private:
  void* data_ = nullptr;
  size_t bytes_ = 0;
};

// Whether all of it is page-locked, by us or by whoever else.
bool IsPageLocked(const void* data, size_t bytes);

// Makes a buffer larger; its contents are lost then.
template <typename Buffer>
Status Grow(Buffer& buffer, size_t bytes, std::string_view what) {
  if (bytes <= buffer.bytes()) return Status();
  buffer = Buffer();  // first, so that both are never held at once
  SEGFORGE_ASSIGN_OR_RETURN(buffer, Buffer::Make(bytes, what));
  return Status();
}

}  // namespace segforge::cuda
