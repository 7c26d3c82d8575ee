#include "at_once.h"

#include <algorithm>

namespace segforge::cli {

// Threads do more good on images of their own than together on one image, where they wait for each other a
// few hundred times; measurements are in docs/benchmarks.md.
size_t MostAtOnce(const std::string& device, int threads) {
  constexpr int kMostOnCpu = 8, kMostOnGpu = 64;
  const bool on_gpu = device.rfind("cuda", 0) == 0;
  return static_cast<size_t>(std::clamp(threads, 1, on_gpu ? kMostOnGpu : kMostOnCpu));
}

void ShareThreads(int threads, size_t images_at_once, SegmenterOptions& options) {
  options.threads = threads <= 1 ? threads : std::max(1, threads / static_cast<int>(images_at_once));
  if (images_at_once > 1) options.gpu_wait = GpuWait::kSleep;
}

}  // namespace segforge::cli
