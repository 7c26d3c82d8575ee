#include "api/device.h"

#include <charconv>

#include "api/error.h"
#include "backend/cpu/target.h"
#include "backend/cuda/cuda.h"
#include "base/thread_pool.h"
#include "engine/choose_precision.h"
#include "ir/parse_precision.h"

namespace segforge {
namespace {

constexpr int kMaxThreads = 1024;

// The index in "cuda" or "cuda:1"; -1 for any other text.
int CudaIndex(const std::string& device) {
  if (device == "cuda") return 0;
  int index = -1;
  if (!device.starts_with("cuda:")) return -1;
  const char* end = device.data() + device.size();
  const auto [stop, error] = std::from_chars(device.data() + 5, end, index);
  return error == std::errc() && stop == end ? index : -1;
}

}  // namespace

Result<Backend> MakeBackend(const std::string& device) {
  if (device.empty() || device == "cpu") return MakeCpuBackend();
  if (device == "ref") return MakeRefBackend();
  if (device == "auto") {
    Result<Backend> cuda = MakeCudaBackend(0);
    return cuda.ok() ? std::move(cuda) : MakeCpuBackend();
  }
  const int index = CudaIndex(device);
  if (index < 0) return InvalidInput("device \"{}\": expected cpu, ref, cuda, cuda:N or auto", device);
  Result<Backend> cuda = MakeCudaBackend(index);
  return cuda.ok() ? std::move(cuda) : cuda.status().Within("device " + device);
}

Result<Precision> ResolvePrecision(const std::string& precision, const Backend& backend) {
  if (precision == "auto") return backend.on_cuda() ? Precision::kFp16 : Precision::kFp32;
  const Result<Precision> parsed = ParsePrecision(precision);
  if (!parsed.ok()) return InvalidInput("{}; or auto", parsed.status().message());
  if (backend.Runs(*parsed)) return *parsed;
  return Unsupported("precision {}: device {} computes in {}", precision, backend.name(),
                     NamesOf(backend.traits().precisions));
}

int ResolveThreads(int threads) {
  if (threads < 0 || threads > kMaxThreads) {
    Throw(InvalidInput("threads: expected 0 (all) to {}, got {}", kMaxThreads, threads));
  }
  return threads == 0 ? AvailableThreads() : threads;
}

std::string DeviceLine(const Backend& backend, Precision precision, int threads) {
  if (backend.on_cuda()) {
    const int index = backend.device().index;
    const Result<CudaDevice> device = DescribeCudaDevice(index);
    return fmt::format("cuda:{} {}, {}", index, device.ok() ? device->name : "", NameOf(precision));
  }
  const std::string kernels = backend.name() == "cpu" ? "cpu " + CpuTargetName() : backend.name();
  return fmt::format("{}, {} thread{}, {}", kernels, threads, threads == 1 ? "" : "s", NameOf(precision));
}

}  // namespace segforge
