// Where a backend's kernels run, and where the buffers lie that they are given.
#pragma once

#include <cstdint>

namespace segforge {

struct DeviceId {
  enum class Kind : uint8_t { kCpu, kCuda };
  Kind kind = Kind::kCpu;
  int index = 0;  // of a CUDA device, as the CUDA runtime counts those that the process may see

  friend bool operator==(const DeviceId&, const DeviceId&) = default;
};

}  // namespace segforge
