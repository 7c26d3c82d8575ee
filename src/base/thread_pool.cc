#include "base/thread_pool.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "base/check.h"

namespace segforge {
namespace {

using Body = FunctionRef<void(int)>;

// Some 20 microseconds of spinning bridges the gaps between the steps of a plan; past that a waiting thread
// sleeps.
constexpr int kSpins = 2000;

inline void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Blocks until `value` differs from `old`; returns the new value.
uint32_t WaitWhileEqual(const std::atomic<uint32_t>& value, uint32_t old) {
  for (int spin = 0; spin < kSpins; ++spin) {
    const uint32_t now = value.load(std::memory_order_acquire);
    if (now != old) return now;
    Pause();
  }
  value.wait(old, std::memory_order_acquire);
  return value.load(std::memory_order_acquire);
}

}  // namespace

struct ThreadPool::State {
  alignas(64) std::atomic<uint32_t> generation{0};  // grows by one for each Run, and once more to stop
  alignas(64) std::atomic<uint32_t> running{0};     // workers that have not finished the current generation
  const Body* body = nullptr;                       // null asks the workers to end
  std::vector<std::thread> workers;

  void Work(int thread) {
    uint32_t seen = 0;
    while (true) {
      seen = WaitWhileEqual(generation, seen);
      if (body == nullptr) return;
      (*body)(thread);
      if (running.fetch_sub(1, std::memory_order_acq_rel) == 1) running.notify_one();
    }
  }

  void Publish(const Body* next) {
    body = next;
    running.store(static_cast<uint32_t>(workers.size()), std::memory_order_relaxed);
    generation.fetch_add(1, std::memory_order_release);
    generation.notify_all();
  }
};

ThreadPool::ThreadPool(int threads) : threads_(threads > 0 ? threads : AvailableThreads()) {
  if (threads_ == 1) return;
  state_ = std::make_unique<State>();
  for (int t = 1; t < threads_; ++t)
    state_->workers.emplace_back([state = state_.get(), t] { state->Work(t); });
}

ThreadPool::~ThreadPool() {
  if (state_ == nullptr) return;
  state_->Publish(nullptr);
  for (std::thread& worker : state_->workers) worker.join();
}

void ThreadPool::Run(Body body) {
  if (state_ == nullptr) return body(0);
  state_->Publish(&body);
  body(0);
  for (uint32_t left = state_->running.load(std::memory_order_acquire); left != 0;) {
    left = WaitWhileEqual(state_->running, left);
  }
}

void ThreadPool::ParallelFor(int64_t count, int64_t grain, FunctionRef<void(int64_t, int64_t, int)> body) {
  SEGFORGE_CHECK(grain >= 1);
  const int64_t grains = (count + grain - 1) / grain;
  if (grains <= 1) {
    if (count > 0) body(0, count, 0);
    return;
  }
  const int64_t parts = std::min<int64_t>(grains, threads_);
  Run([&](int thread) {
    if (thread >= parts) return;
    const int64_t begin = grains * thread / parts * grain;
    const int64_t end = std::min(count, grains * (thread + 1) / parts * grain);
    if (begin < end) body(begin, end, thread);
  });
}

void ThreadPool::ParallelForDynamic(int64_t count, int64_t grain,
                                    FunctionRef<void(int64_t, int64_t, int)> body) {
  SEGFORGE_CHECK(grain >= 1);
  if (count <= grain || threads_ == 1) {
    if (count > 0) body(0, count, 0);
    return;
  }
  std::atomic<int64_t> next = 0;
  Run([&](int thread) {
    for (int64_t begin = next.fetch_add(grain); begin < count; begin = next.fetch_add(grain)) {
      body(begin, std::min(count, begin + grain), thread);
    }
  });
}

int AvailableThreads() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1u, std::thread::hardware_concurrency());
}

}  // namespace segforge
