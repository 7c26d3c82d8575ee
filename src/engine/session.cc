#include "engine/session.h"

#include "engine/cpu_session.h"
#include "engine/cuda_session.h"

namespace segforge {

Result<std::shared_ptr<SharedDevice>> ShareDevice(const BackendTraits& backend) {
  if (backend.device.kind == DeviceId::Kind::kCuda) return ShareCudaDevice(backend.device.index);
  return std::shared_ptr<SharedDevice>();
}

Result<std::unique_ptr<Session>> MakeSession(const BackendTraits& backend,
                                             const std::shared_ptr<SharedDevice>& shared, int threads,
                                             DeviceWait wait) {
  if (backend.device.kind == DeviceId::Kind::kCuda) return MakeCudaSession(shared, threads, wait);
  return std::unique_ptr<Session>(std::make_unique<CpuSession>(backend.labels, threads));
}

ConstTensorView ImageOf(const ConstTensorView& batch, int64_t n) {
  const Shape shape = {batch.shape[1], batch.shape[2], batch.shape[3]};
  const size_t bytes = static_cast<size_t>(shape.elems()) * SizeOf(batch.dtype);
  return {static_cast<const std::byte*>(batch.data) + static_cast<size_t>(n) * bytes, batch.dtype, shape};
}

}  // namespace segforge
