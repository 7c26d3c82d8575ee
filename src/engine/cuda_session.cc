#include "engine/cuda_session.h"

#include "backend/cuda/cuda.h"

namespace segforge {

Result<std::unique_ptr<Session>> MakeCudaSession(int device, int) { return MakeCudaBackend(device).status(); }

}  // namespace segforge
