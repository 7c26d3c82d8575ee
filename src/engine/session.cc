#include "engine/session.h"

#include <algorithm>

#include "engine/cpu_session.h"
#include "engine/cuda_session.h"

namespace segforge {

size_t Session::MostScratchBytes(const BoundStep& step, std::span<const Kernel* const> kernels) const {
  std::vector<Shape> inputs;
  for (const ConstTensorView& input : step.inputs) inputs.push_back(input.shape);
  size_t most = 0;
  for (const Kernel* kernel : kernels) most = std::max(most, kernel->ScratchBytes(inputs, threads()));
  return most;
}

Result<std::unique_ptr<Session>> MakeSession(const BackendTraits& backend, int threads) {
  if (backend.device.kind == DeviceId::Kind::kCuda) return MakeCudaSession(backend.device.index, threads);
  return std::unique_ptr<Session>(std::make_unique<CpuSession>(backend.labels, threads));
}

ConstTensorView ImageOf(const ConstTensorView& batch, int64_t n) {
  const Shape shape = {batch.shape[1], batch.shape[2], batch.shape[3]};
  const size_t bytes = static_cast<size_t>(shape.elems()) * SizeOf(batch.dtype);
  return {static_cast<const std::byte*>(batch.data) + static_cast<size_t>(n) * bytes, batch.dtype, shape};
}

}  // namespace segforge
