#include "api/threads.h"

#include "api/error.h"
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

}  // namespace segforge
