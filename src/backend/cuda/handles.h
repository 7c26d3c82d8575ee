// CUDA's handles, which destroy themselves.
#pragma once

#include <cuda_runtime_api.h>

#include <memory>
#include <type_traits>

#include "backend/cuda/device_memory.h"

namespace segforge::cuda {

struct StreamDeleter {
  void operator()(cudaStream_t stream) const { cudaStreamDestroy(stream); }
};
struct EventDeleter {
  void operator()(cudaEvent_t event) const { cudaEventDestroy(event); }
};
struct GraphDeleter {
  void operator()(cudaGraphExec_t graph) const { cudaGraphExecDestroy(graph); }
};
using Stream = std::unique_ptr<std::remove_pointer_t<cudaStream_t>, StreamDeleter>;
using Event = std::unique_ptr<std::remove_pointer_t<cudaEvent_t>, EventDeleter>;
using GraphExec = std::unique_ptr<std::remove_pointer_t<cudaGraphExec_t>, GraphDeleter>;

// On the current device. Streams do not wait for the default one; events tell times.
inline Result<Stream> MakeStream() {
  cudaStream_t stream = nullptr;
  SEGFORGE_RETURN_IF_CUDA_ERROR(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "a stream");
  return Stream(stream);
}

inline Result<Event> MakeEvent(unsigned flags = cudaEventDefault) {
  cudaEvent_t event = nullptr;
  SEGFORGE_RETURN_IF_CUDA_ERROR(cudaEventCreateWithFlags(&event, flags), "an event");
  return Event(event);
}

// Makes a device the calling thread's current one; the one before is back in its place at the end.
class DeviceScope {
 public:
  DeviceScope() { cudaGetDevice(&before_); }
  explicit DeviceScope(int device) : DeviceScope() {
    if (device != before_) error_ = cudaSetDevice(device);
  }
  ~DeviceScope() {
    int now = 0;
    if (cudaGetDevice(&now) == cudaSuccess && now != before_) cudaSetDevice(before_);
  }
  DeviceScope(const DeviceScope&) = delete;
  DeviceScope& operator=(const DeviceScope&) = delete;

  cudaError_t error() const { return error_; }  // of having made it the current one

 private:
  int before_ = 0;
  cudaError_t error_ = cudaSuccess;
};

}  // namespace segforge::cuda
