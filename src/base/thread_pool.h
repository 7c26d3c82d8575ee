// A fork-join pool. ParallelFor splits in a fixed way: worker t of T always gets the same part of the work,
// so results do not depend on timing. Workers spin briefly between calls, because an engine forks some
// hundred times per image.
#pragma once

#include <cstdint>
#include <memory>

namespace segforge {

// A reference to a callable that outlives the call it is passed to; unlike std::function it never allocates.
template <typename Signature>
class FunctionRef;
template <typename R, typename... Args>
class FunctionRef<R(Args...)> {
 public:
  template <typename F>
  FunctionRef(const F& f)  // NOLINT(*-explicit-*)
      : object_(&f), call_([](const void* object, Args... args) -> R {
          return (*static_cast<const F*>(object))(args...);
        }) {}
  R operator()(Args... args) const { return call_(object_, args...); }

 private:
  const void* object_;
  R (*call_)(const void*, Args...);
};

class ThreadPool {
 public:
  // threads >= 1, the caller's own included; 0 means as many as the machine (or its cgroup affinity) offers.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return threads_; }

  // Calls body(t) for every t in [0, threads()), each on its own thread, and returns when all have returned.
  // Not reentrant, and one caller at a time. The body must not throw.
  void Run(FunctionRef<void(int thread)> body);

  // Splits [0, count) into at most threads() contiguous parts whose bounds are multiples of grain (but the
  // last), and calls body(begin, end, thread) for each non-empty part.
  void ParallelFor(int64_t count, int64_t grain,
                   FunctionRef<void(int64_t begin, int64_t end, int thread)> body);

  // As ParallelFor, but threads take `grain` at a time, whichever is free: a thread that the machine slows
  // down holds up the others by one grain. Only for bodies whose results depend neither on the split nor on
  // the thread.
  void ParallelForDynamic(int64_t count, int64_t grain,
                          FunctionRef<void(int64_t begin, int64_t end, int thread)> body);

 private:
  struct State;
  int threads_;
  std::unique_ptr<State> state_;  // null when threads_ == 1
};

int AvailableThreads();  // processors that this process may run on

}  // namespace segforge
