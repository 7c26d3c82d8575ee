#include <cuda_runtime_api.h>

#include "backend/cuda/cuda.h"
#include "backend/cuda/handles.h"

namespace segforge {
namespace {

std::string VersionText(int version) {  // 12020: "12.2"
  return fmt::format("{}.{}", version / 1000, version % 1000 / 10);
}

// The runtime reports a missing driver as one that is too old.
Status DriverProblem() {
  int driver = 0;
  if (cudaDriverGetVersion(&driver) != cudaSuccess || driver == 0) {
    return Unsupported("no NVIDIA driver is installed");
  }
  return Unsupported("the NVIDIA driver is too old: expected one for CUDA {}, got one for {}; update it",
                     VersionText(CUDART_VERSION), VersionText(driver));
}

Status ProblemOf(cudaError_t error) {
  if (error == cudaSuccess) return Status();
  if (error == cudaErrorInsufficientDriver) return DriverProblem();
  if (error == cudaErrorNoDevice) return Unsupported("there is no CUDA device");
  return Unsupported("CUDA: {}", cudaGetErrorString(error));
}

Result<int> DeviceCount() {
  int count = 0;
  SEGFORGE_RETURN_IF_ERROR(ProblemOf(cudaGetDeviceCount(&count)));
  if (count == 0) return ProblemOf(cudaErrorNoDevice);
  return count;
}

}  // namespace

Result<CudaDevice> DescribeCudaDevice(int index) {
  SEGFORGE_ASSIGN_OR_RETURN(const int count, DeviceCount());
  if (index < 0 || index >= count) {
    return InvalidInput("expected a device below {}, as many as there are, got {}", count, index);
  }
  cudaDeviceProp properties = {};
  SEGFORGE_RETURN_IF_ERROR(ProblemOf(cudaGetDeviceProperties(&properties, index)));
  const cuda::DeviceScope scope(index);
  size_t free_bytes = 0;
  size_t bytes = 0;
  SEGFORGE_RETURN_IF_ERROR(ProblemOf(scope.error()));
  SEGFORGE_RETURN_IF_ERROR(ProblemOf(cudaMemGetInfo(&free_bytes, &bytes)));
  CudaDevice device;
  device.index = index;
  device.name = properties.name;
  device.compute_major = properties.major;
  device.compute_minor = properties.minor;
  device.multiprocessors = properties.multiProcessorCount;
  device.memory_bytes = static_cast<int64_t>(bytes);
  device.free_bytes = static_cast<int64_t>(free_bytes);
  device.held_bytes = cuda::BytesHeld(index);
  return device;
}

std::string CudaVersions() {
  int driver = 0;
  static_cast<void>(cudaDriverGetVersion(&driver));
  return fmt::format("CUDA {}, driver {}", VersionText(CUDART_VERSION), VersionText(driver));
}

Result<std::vector<CudaDevice>> CudaDevices() {
  SEGFORGE_ASSIGN_OR_RETURN(const int count, DeviceCount());
  std::vector<CudaDevice> devices;
  for (int index = 0; index < count; ++index) {
    SEGFORGE_ASSIGN_OR_RETURN(CudaDevice device, DescribeCudaDevice(index));
    devices.push_back(std::move(device));
  }
  return devices;
}

}  // namespace segforge
