// A session whose plans run on an NVIDIA GPU.
#pragma once

#include "engine/session.h"

namespace segforge {

// kUnsupported in a build without CUDA; kInvalidInput for a device that is not there.
Result<std::unique_ptr<Session>> MakeCudaSession(int device, int threads);

}  // namespace segforge
