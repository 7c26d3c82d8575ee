#include "api/machine.h"

#include <spng.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <webp/decode.h>
#include <zlib.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "api/ceilings_cache.h"
#include "api/device.h"
#include "api/error.h"
#include "backend/cpu/peak.h"
#include "backend/cpu/target.h"
#include "backend/cuda/cuda.h"
#include "base/memory.h"
#include "segforge/measure.h"

namespace segforge {
namespace {

std::string BuildName() {
#ifdef __clang__
  const std::string compiler =
      fmt::format("clang {}.{}.{}", __clang_major__, __clang_minor__, __clang_patchlevel__);
#else
  const std::string compiler = fmt::format("g++ {}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#endif
#ifdef NDEBUG
  return compiler + ", release";
#else
  return compiler + ", with assertions";
#endif
}

int64_t MemoryBytes() {
  return static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<int64_t>(sysconf(_SC_PAGESIZE));
}

Ceilings Measure(int threads) {
  ThreadPool pool(threads);
  Ceilings ceilings;
  ceilings.threads = threads;
  ceilings.gflops = MeasureFmaGflops(pool);
  ceilings.copy_gbs = Unwrap(MeasureCopyGbs(pool));
  return ceilings;
}

void DescribeCuda(MachineReport& report) {
  const Result<std::vector<CudaDevice>> devices = CudaDevices();
  if (!devices.ok()) {
    report.no_cuda = devices.status().message();
    return;
  }
  for (const CudaDevice& device : *devices) {
    report.cuda_devices.push_back({device.name,
                                   fmt::format("{}.{}", device.compute_major, device.compute_minor),
                                   device.memory_bytes, device.free_bytes});
  }
}

}  // namespace

std::string ProcessorName() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  struct utsname name = {};
  return uname(&name) == 0 ? name.machine : "unknown";
}

Ceilings MeasureCeilings(int threads, bool refresh) {
  const int count = ResolveThreads(threads);
  ThrowIfError(ApplyCpuTargetOverride());
  const CeilingsKey key = {ProcessorName(), CpuTargetName(), Version(), count};
  const std::filesystem::path file = CeilingsFile();
  if (const auto known = ReadCeilings(file, key); known && !refresh) return *known;
  const Ceilings measured = Measure(count);
  if (!file.empty()) static_cast<void>(WriteCeilings(file, key, measured));  // a read-only home is no error
  return measured;
}

MachineReport DescribeMachine() {
  ThrowIfError(ApplyCpuTargetOverride());
  MachineReport report;
  report.processor = ProcessorName();
  report.target = CpuTargetName();
  report.targets = AvailableCpuTargets();
  report.threads = AvailableThreads();
  report.memory_bytes = MemoryBytes();
  report.available_bytes = AvailableMemoryBytes();
  if (getloadavg(&report.load, 1) != 1) report.load = 0;
  report.version = Version();
  report.build = BuildName();
  const int webp = WebPGetDecoderVersion();
  report.libraries = {
      {"highway", HighwayVersion()},
      {"zlib", zlibVersion()},
      {"libspng", spng_version_string()},
      {"libwebp", fmt::format("{}.{}.{}", webp >> 16, (webp >> 8) & 0xff, webp & 0xff)},
      {"fmt", fmt::format("{}.{}.{}", FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100)},
      {"nlohmann-json", fmt::format("{}.{}.{}", NLOHMANN_JSON_VERSION_MAJOR, NLOHMANN_JSON_VERSION_MINOR,
                                    NLOHMANN_JSON_VERSION_PATCH)}};
  report.ceilings_file = CeilingsFile().string();
  DescribeCuda(report);
  return report;
}

}  // namespace segforge
