#include "api/device.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "api/error.h"
#include "backend/cpu/target.h"
#include "backend/cuda/cuda.h"
#include "base/thread_pool.h"
#include "engine/choose_precision.h"
#include "ir/parse_precision.h"

namespace segforge {
namespace {

constexpr int kMaxThreads = 1024;

// The indices in "0" or "0,2"; none for any other text, or where one is there twice.
std::vector<int> Indices(std::string_view text) {
  std::vector<int> indices;
  while (true) {
    const size_t comma = std::min(text.find(','), text.size());
    int index = -1;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + comma, index);
    const bool is_index = error == std::errc() && stop == text.data() + comma && index >= 0;
    if (!is_index || std::ranges::find(indices, index) != indices.end()) return {};
    indices.push_back(index);
    if (comma == text.size()) return indices;
    text.remove_prefix(comma + 1);
  }
}

// Of every device that "cuda:all" stands for, or that is named; empty for what names none.
Result<std::vector<int>> CudaIndices(const std::string& device) {
  if (device == "cuda") return std::vector<int>{0};
  if (device != "cuda:all")
    return device.starts_with("cuda:") ? Indices(std::string_view(device).substr(5)) : std::vector<int>();
  SEGFORGE_ASSIGN_OR_RETURN(const std::vector<CudaDevice> all, CudaDevices());
  std::vector<int> indices;
  indices.reserve(all.size());
  for (const CudaDevice& one : all) indices.push_back(one.index);
  return indices;
}

Result<std::vector<Backend>> CudaBackends(const std::vector<int>& indices) {
  std::vector<Backend> backends;
  for (const int index : indices) {
    SEGFORGE_ASSIGN_OR_RETURN(Backend backend, MakeCudaBackend(index));
    backends.push_back(std::move(backend));
  }
  return backends;
}

}  // namespace

Result<std::vector<Backend>> MakeBackends(const std::string& device) {
  if (device.empty() || device == "cpu") return std::vector{MakeCpuBackend()};
  if (device == "ref") return std::vector{MakeRefBackend()};
  if (device == "auto") {
    Result<Backend> cuda = MakeCudaBackend(0);
    return std::vector{cuda.ok() ? std::move(cuda).value() : MakeCpuBackend()};
  }
  const Result<std::vector<int>> indices = CudaIndices(device);
  if (indices.ok() && indices->empty()) {
    return InvalidInput(
        "device \"{}\": expected cpu, ref, cuda, cuda:N, cuda:N,M (each once), cuda:all or auto", device);
  }
  auto backends = indices.ok() ? CudaBackends(*indices) : indices.status();
  return backends.ok() ? std::move(backends) : backends.status().Within("device " + device);
}

Result<Backend> MakeBackend(const std::string& device) {
  SEGFORGE_ASSIGN_OR_RETURN(std::vector<Backend> backends, MakeBackends(device));
  return std::move(backends.front());
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

std::string DeviceLine(std::span<const Backend> backends, Precision precision, int threads) {
  const Backend& first = backends.front();
  if (!first.on_cuda()) {
    const std::string kernels = first.name() == "cpu" ? "cpu " + CpuTargetName() : first.name();
    return fmt::format("{}, {} thread{}, {}", kernels, threads, threads == 1 ? "" : "s", NameOf(precision));
  }
  std::string line;
  for (const Backend& backend : backends) {
    const int index = backend.device().index;
    const Result<CudaDevice> device = DescribeCudaDevice(index);
    line += fmt::format("cuda:{} {}, ", index, device.ok() ? device->name : "");
  }
  return line + std::string(NameOf(precision));
}

}  // namespace segforge
