#include "api/device.h"

#include "api/error.h"
#include "backend/cpu/target.h"
#include "base/thread_pool.h"

namespace segforge {
namespace {

constexpr int kMaxThreads = 1024;

}  // namespace

int ResolveThreads(int threads) {
  if (threads < 0 || threads > kMaxThreads) {
    Throw(InvalidInput("threads: expected 0 (all) to {}, got {}", kMaxThreads, threads));
  }
  return threads == 0 ? AvailableThreads() : threads;
}

std::string DeviceLine(const std::string& backend, int threads) {
  const std::string kernels = backend == "cpu" ? "cpu " + CpuTargetName() : backend;
  return fmt::format("{}, {} thread{}, fp32", kernels, threads, threads == 1 ? "" : "s");
}

}  // namespace segforge
