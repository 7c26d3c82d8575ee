// NVIDIA GPUs. Compiles and links in every build; one without CUDA says so, with kUnsupported, in both calls.
#pragma once

#include <cstdint>
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
};

// Those that the process may see (CUDA_VISIBLE_DEVICES), at least one. kUnsupported where there is none, no
// driver, or one too old for this build; the message is the reason alone.
Result<std::vector<CudaDevice>> CudaDevices();

// kInvalidInput for an index that CudaDevices does not have.
Result<Backend> MakeCudaBackend(int device);

}  // namespace segforge
