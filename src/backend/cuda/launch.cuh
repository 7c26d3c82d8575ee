// How kernels are launched: on Hopper and later, a kernel's blocks may start while the last ones of the
// kernel before it still run (programmatic dependent launch). So every kernel calls WaitForInputs() before it
// touches what another kernel wrote or reads: only then is everything before it done.
#pragma once

#include <cuda_runtime.h>

#include <type_traits>

#include "backend/cuda/properties.h"

namespace segforge::cuda {

__device__ inline void WaitForInputs() {
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.launch_dependents;\n griddepcontrol.wait;" ::: "memory");
#endif
}

// What goes wrong is found by cudaGetLastError. Above 48 KiB, shared memory must be asked for.
template <typename... Parameters>
void Launch(void (*kernel)(Parameters...), dim3 grid, dim3 block, int shared_bytes, cudaStream_t stream,
            const std::type_identity_t<Parameters>&... parameters) {
  if (shared_bytes > 32 * 1024) {  // there may be static shared memory too
    cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, shared_bytes);
  }
  cudaLaunchAttribute overlap = {};
  overlap.id = cudaLaunchAttributeProgrammaticStreamSerialization;
  overlap.val.programmaticStreamSerializationAllowed = 1;
  cudaLaunchConfig_t config = {};
  config.gridDim = grid;
  config.blockDim = block;
  config.dynamicSmemBytes = static_cast<size_t>(shared_bytes);
  config.stream = stream;
  config.attrs = &overlap;
  config.numAttrs = ComputeMajor() >= 9 ? 1 : 0;
  cudaLaunchKernelEx(&config, kernel, parameters...);
}

}  // namespace segforge::cuda
