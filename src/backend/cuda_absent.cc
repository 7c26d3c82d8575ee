// backend/cuda/cuda.h in a build without CUDA.
#include "backend/cuda/cuda.h"

namespace segforge {
namespace {

Status Absent() {
  return Unsupported("this segforge was built without CUDA: build it where nvcc 12 or 13 is installed");
}

}  // namespace

Result<CudaDevice> DescribeCudaDevice(int) { return Absent(); }
Result<std::vector<CudaDevice>> CudaDevices() { return Absent(); }
Result<std::shared_ptr<std::byte>> MakePageLocked(size_t) { return Absent(); }
std::string CudaVersions() { return ""; }
Result<Backend> MakeCudaBackend(int) { return Absent(); }

}  // namespace segforge
