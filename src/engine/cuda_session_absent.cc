// engine/cuda_session.h in a build without CUDA.
#include "backend/cuda/cuda.h"
#include "engine/cuda_session.h"

namespace segforge {

Result<std::unique_ptr<Session>> MakeCudaSession(int device, int) { return MakeCudaBackend(device).status(); }

}  // namespace segforge
