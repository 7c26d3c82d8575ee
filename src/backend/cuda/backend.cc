#include "backend/cuda/cuda.h"

namespace segforge {

Result<Backend> MakeCudaBackend(int device) {
  SEGFORGE_RETURN_IF_ERROR(DescribeCudaDevice(device).status());
  return Unsupported("this build has no CUDA kernels");
}

}  // namespace segforge
