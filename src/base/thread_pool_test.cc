#include "base/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <vector>

namespace segforge {
namespace {

TEST(ThreadPool, RunCallsEveryThreadOnce) {
  ThreadPool pool(4);
  std::vector<int> calls(4, 0);
  for (int round = 0; round < 1000; ++round) pool.Run([&](int t) { ++calls[static_cast<size_t>(t)]; });
  EXPECT_EQ(calls, std::vector<int>(4, 1000));
}

TEST(ThreadPool, ParallelForCoversEachIndexOnceOnGrainBounds) {
  for (int threads : {1, 2, 3, 7}) {
    ThreadPool pool(threads);
    for (int64_t count : {0, 1, 2, 5, 6, 7, 64, 101}) {
      for (int64_t grain : {1, 2, 6, 16}) {
        std::vector<std::atomic<int>> seen(static_cast<size_t>(count));
        pool.ParallelFor(count, grain, [&](int64_t begin, int64_t end, int) {
          EXPECT_EQ(begin % grain, 0);
          for (int64_t i = begin; i < end; ++i) ++seen[static_cast<size_t>(i)];
        });
        for (const auto& times : seen) EXPECT_EQ(times.load(), 1);
      }
    }
  }
}

TEST(ThreadPool, ParallelForDynamicCoversEachIndexOnceInWholeGrains) {
  for (int threads : {1, 2, 3, 7}) {
    ThreadPool pool(threads);
    for (int64_t count : {0, 1, 2, 5, 6, 7, 64, 101}) {
      for (int64_t grain : {1, 2, 6, 16}) {
        std::vector<std::atomic<int>> seen(static_cast<size_t>(count));
        pool.ParallelForDynamic(count, grain, [&](int64_t begin, int64_t end, int thread) {
          EXPECT_EQ(begin % grain, 0);
          EXPECT_LT(thread, threads);
          for (int64_t i = begin; i < end; ++i) ++seen[static_cast<size_t>(i)];
        });
        for (const auto& times : seen) EXPECT_EQ(times.load(), 1);
      }
    }
  }
}

TEST(ThreadPool, AlwaysSplitsTheSameWay) {
  ThreadPool pool(3);
  const auto split = [&] {
    std::vector<std::pair<int64_t, int64_t>> parts(3);
    pool.ParallelFor(100, 1, [&](int64_t b, int64_t e, int t) { parts[static_cast<size_t>(t)] = {b, e}; });
    return parts;
  };
  EXPECT_EQ(split(), split());
}

}  // namespace
}  // namespace segforge
