// NVIDIA GPUs. Compiles and links in every build; one without CUDA says so, with kUnsupported, in every call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "backend/kernel.h"

namespace segforge {

struct CudaDevice {
  int index = 0;
  std::string name;  // "NVIDIA H100 80GB HBM3"
  int compute_major = 0;
  int compute_minor = 0;
  int multiprocessors = 0;
  int64_t memory_bytes = 0;
  int64_t free_bytes = 0;
  int64_t held_bytes = 0;  // by this process's own buffers: weights, arenas, images
};

// One of those that the process may see (CUDA_VISIBLE_DEVICES). kInvalidInput for an index that is not below
// their number; kUnsupported where there is none, no driver, or one too old for this build. Messages are the
// reason alone. The calling thread's current device stays what it was; asking for the free bytes takes the
// device into use, with what memory that costs.
Result<CudaDevice> DescribeCudaDevice(int index);
Result<std::vector<CudaDevice>> CudaDevices();  // all of them, at least one

// Page-locked memory of the host, which every GPU reads and writes by itself. It goes with the last pointer.
Result<std::shared_ptr<std::byte>> MakePageLocked(size_t bytes);
// "CUDA 13.0, driver 13.0": what else than the device itself its speed hangs on; "" without CUDA.
std::string CudaVersions();

// Fails as DescribeCudaDevice.
Result<Backend> MakeCudaBackend(int device);

}  // namespace segforge
