// Sessions whose plans run on an NVIDIA GPU.
#pragma once

#include "engine/session.h"

namespace segforge {

// kUnsupported in a build without CUDA; kInvalidInput for a device that is not there.
Result<std::shared_ptr<SharedDevice>> ShareCudaDevice(int device);

// `shared` is ShareCudaDevice's, and not null.
Result<std::unique_ptr<Session>> MakeCudaSession(const std::shared_ptr<SharedDevice>& shared, int threads,
                                                 DeviceWait wait);

}  // namespace segforge
