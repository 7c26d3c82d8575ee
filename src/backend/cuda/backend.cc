#include "backend/cuda/cuda.h"

namespace segforge {

Result<Backend> MakeCudaBackend(int device) {
  SEGFORGE_ASSIGN_OR_RETURN(const std::vector<CudaDevice> devices, CudaDevices());
  const auto count = static_cast<int>(devices.size());
  if (device < 0 || device >= count) {
    return InvalidInput("cuda:{}: expected a device below {}, as many as there are", device, count);
  }
  return Unsupported("cuda:{}: this build has no CUDA kernels", device);
}

}  // namespace segforge
