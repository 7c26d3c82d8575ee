// Memory of a GPU, and how CUDA's errors become ours.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <string_view>

#include "base/status.h"

namespace segforge::cuda {

// kOutOfMemory where it is that, else kIo; "WHAT: CUDA's words". Ok for cudaSuccess.
Status StatusOf(cudaError_t error, std::string_view what);

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
};

// Page-locked memory of the host, which the GPU copies from and to at full speed.
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

}  // namespace segforge::cuda
