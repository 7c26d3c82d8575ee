#include <algorithm>
#include <chrono>
#include <cstring>

#include "backend/cpu/peak.h"
#include "base/memory.h"
#include "base/tensor.h"

namespace segforge {
namespace {

// Of each of two buffers: past every cache but those of the largest servers.
constexpr int64_t kBytes = int64_t{256} << 20;
// Timed block by block, a few milliseconds each, so that some are undisturbed by a neighbour; when a block's
// turn comes again, all the others have gone through the caches.
constexpr int64_t kBlockBytes = int64_t{16} << 20;
constexpr int kSweeps = 6;

}  // namespace

Result<double> MeasureCopyGbs(ThreadPool& pool) {
  SEGFORGE_RETURN_IF_ERROR(CheckMemory(2 * kBytes, "measuring the copy bandwidth"));
  AlignedBuffer from(static_cast<size_t>(kBytes));
  AlignedBuffer to(static_cast<size_t>(kBytes));
  pool.ParallelFor(kBytes, 4096, [&](int64_t begin, int64_t end, int) {
    std::memset(from.data() + begin, 1, static_cast<size_t>(end - begin));  // touched by whom it will serve
    std::memset(to.data() + begin, 2, static_cast<size_t>(end - begin));
  });
  double best = 0;
  for (int64_t block = 0; block < kSweeps * kBytes; block += kBlockBytes) {
    const int64_t offset = block % kBytes;
    const auto start = std::chrono::steady_clock::now();
    pool.ParallelFor(kBlockBytes, 4096, [&](int64_t begin, int64_t end, int) {
      std::memcpy(to.data() + offset + begin, from.data() + offset + begin, static_cast<size_t>(end - begin));
    });
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    best = std::max(best, 2e-9 * static_cast<double>(kBlockBytes) / elapsed.count());
  }
  return best;
}

}  // namespace segforge
