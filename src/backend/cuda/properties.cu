#include "backend/cuda/properties.h"

#include <cuda_runtime.h>

#include "backend/cuda/wgmma.cuh"

namespace segforge::cuda {
namespace {

// Only its attributes are read: they tell which of the compiled versions the device would run.
#ifdef SEGFORGE_WGMMA
constexpr int kProbeThreads = 128;
#else
constexpr int kProbeThreads = 32;
#endif
__global__ void __launch_bounds__(kProbeThreads) ProbeKernel() {}

int Attribute(cudaDeviceAttr attribute) {
  int device = 0, value = 0;
  static_cast<void>(cudaGetDevice(&device));
  static_cast<void>(cudaDeviceGetAttribute(&value, attribute, device));
  return value;
}

}  // namespace

int ComputeMajor() { return Attribute(cudaDevAttrComputeCapabilityMajor); }
int Multiprocessors() { return Attribute(cudaDevAttrMultiProcessorCount); }

bool HasWarpgroups() {
  cudaFuncAttributes attributes = {};
  return cudaFuncGetAttributes(&attributes, ProbeKernel) == cudaSuccess &&
         attributes.maxThreadsPerBlock == 128;
}

}  // namespace segforge::cuda
