// engine/cuda_session.h in a build without CUDA.
#include "backend/cuda/cuda.h"
#include "engine/cuda_session.h"

namespace segforge {

Result<std::shared_ptr<SharedDevice>> ShareCudaDevice(int device) { return MakeCudaBackend(device).status(); }

Result<std::unique_ptr<Session>> MakeCudaSession(const std::shared_ptr<SharedDevice>&, int, DeviceWait) {
  return MakeCudaBackend(0).status();
}

}  // namespace segforge
