// Items worked on side by side, their results taken in order.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace segforge::cli {

// Calls work(i) once for every i < count, on `workers` threads, and finish(i, result) in the order of i on
// the calling thread. Items are begun in order, and at most 2 * workers are begun and not finished: memory
// does not grow with count. work must not throw; when finish throws, no further item is begun, those under
// way are awaited, and the exception goes on. One worker is the calling thread itself.
template <typename Result>
class OrderedWork {
 public:
  using Work = std::function<Result(size_t)>;
  using Finish = std::function<void(size_t, Result)>;

  OrderedWork(const OrderedWork&) = delete;
  OrderedWork& operator=(const OrderedWork&) = delete;

  static void Run(size_t count, size_t workers, const Work& work, const Finish& finish) {
    if (workers <= 1) {
      for (size_t i = 0; i < count; ++i) finish(i, work(i));
      return;
    }
    OrderedWork(count, workers, work).FinishAll(finish);
  }

 private:
  OrderedWork(size_t count, size_t workers, const Work& work)
      : count_(count), work_(work), results_(2 * workers) {
    for (size_t t = 0; t < std::min(workers, count); ++t) threads_.emplace_back([this] { Worker(); });
  }

  ~OrderedWork() {
    {
      const std::lock_guard lock(mutex_);
      count_ = begun_;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  std::optional<Result>& Place(size_t i) { return results_[i % results_.size()]; }

  void Worker() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return begun_ >= count_ || begun_ < finished_ + results_.size(); });
      if (begun_ >= count_) return;
      const size_t i = begun_++;
      lock.unlock();
      Result result = work_(i);
      lock.lock();
      Place(i) = std::move(result);
      changed_.notify_all();
    }
  }

  void FinishAll(const Finish& finish) {
    const size_t all = count_;
    for (size_t i = 0; i < all; ++i) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return Place(i).has_value(); });
      Result result = std::move(*Place(i));
      Place(i).reset();
      ++finished_;
      lock.unlock();
      changed_.notify_all();
      finish(i, std::move(result));
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  size_t count_;
  const Work& work_;
  size_t begun_ = 0;
  size_t finished_ = 0;
  std::vector<std::optional<Result>> results_;  // item i in i % size
  std::vector<std::thread> threads_;
};

}  // namespace segforge::cli
