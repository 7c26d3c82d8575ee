#include "base/bounded_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>

namespace segforge {
namespace {

TEST(BoundedQueue, GivesEverythingInOrderAndNeverHoldsMoreThanItsCapacity) {
  constexpr int kItems = 1000;
  BoundedQueue<int> queue(3);
  std::atomic<int> pushed = 0;
  std::thread producer([&] {
    for (int i = 0; i < kItems; ++i) {
      EXPECT_TRUE(queue.Push(i));
      ++pushed;
    }
    queue.Close();
  });
  int expected = 0;
  while (const auto item = queue.Pop()) {
    EXPECT_EQ(*item, expected++);
    EXPECT_LE(pushed.load(), expected + 3);
  }
  producer.join();
  EXPECT_EQ(expected, kItems);
}

TEST(BoundedQueue, TryPushLeavesTheItemWhereThereIsNoPlace) {
  BoundedQueue<std::unique_ptr<int>> queue(1);
  auto first = std::make_unique<int>(1);
  auto second = std::make_unique<int>(2);
  EXPECT_TRUE(queue.TryPush(first));
  EXPECT_EQ(first, nullptr);
  EXPECT_FALSE(queue.TryPush(second));
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(**queue.Pop(), 1);
  EXPECT_TRUE(queue.TryPush(second));
}

TEST(BoundedQueue, CloseWakesAProducerThatWaits) {
  BoundedQueue<int> queue(1);
  EXPECT_TRUE(queue.Push(1));
  std::thread producer([&] { EXPECT_FALSE(queue.Push(2)); });
  queue.Close();
  producer.join();
  EXPECT_EQ(queue.Pop(), 1);
  EXPECT_EQ(queue.Pop(), std::nullopt);
}

}  // namespace
}  // namespace segforge
