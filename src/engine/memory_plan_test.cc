#include "engine/memory_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "base/tensor.h"

namespace segforge {
namespace {

// As a network's buffers live: most for a step or two, a few (residuals, stage outputs) for longer.
std::vector<BufferLife> RandomLives(std::mt19937& random, int count) {
  std::vector<BufferLife> lives;
  for (int step = 0; step < count; ++step) {
    const int lasts = random() % 8 == 0 ? static_cast<int>(random() % 40) : static_cast<int>(random() % 3);
    lives.push_back({random() % 5000, step, std::min(step + lasts, count)});
    if (random() % 3 == 0) lives.push_back({random() % 20000, step, step});  // scratch
  }
  return lives;
}

bool Overlap(const BufferLife& a, size_t offset_a, const BufferLife& b, size_t offset_b) {
  const bool in_time = a.first <= b.last && b.first <= a.last;
  const bool in_space = offset_a < offset_b + b.bytes && offset_b < offset_a + a.bytes;
  return in_time && in_space;
}

TEST(MemoryPlan, NoTwoLiveBuffersShareBytes) {
  std::mt19937 random(7);
  for (int round = 0; round < 60; ++round) {
    const auto lives = RandomLives(random, 1 + static_cast<int>(random() % 120));
    const auto plan = PlanMemory(lives);
    ASSERT_TRUE(plan.ok());
    for (size_t a = 0; a < lives.size(); ++a) {
      EXPECT_EQ(plan->offsets[a] % AlignedBuffer::kAlignment, 0u);
      EXPECT_LE(plan->offsets[a] + lives[a].bytes, plan->arena_bytes);
      for (size_t b = 0; b < a; ++b) {
        ASSERT_FALSE(Overlap(lives[a], plan->offsets[a], lives[b], plan->offsets[b]))
            << a << " and " << b << " in round " << round;
      }
    }
  }
}

TEST(MemoryPlan, StaysNearTheLowerBound) {
  std::mt19937 random(11);
  double total = 0;
  constexpr int kRounds = 60;
  for (int round = 0; round < kRounds; ++round) {
    const auto lives = RandomLives(random, 100);
    const double ratio =
        static_cast<double>(PlanMemory(lives)->arena_bytes) / static_cast<double>(PeakBytes(lives));
    EXPECT_GE(ratio, 1.0);
    EXPECT_LE(ratio, 1.3);
    total += ratio;
  }
  EXPECT_LE(total / kRounds, 1.06);
}

TEST(MemoryPlan, ReusesTheBytesOfTheDead) {
  const std::vector<BufferLife> chain = {{1000, 0, 1}, {1000, 1, 2}, {1000, 2, 3}, {1000, 3, 4}};
  EXPECT_EQ(PlanMemory(chain)->arena_bytes, 2048u);
  EXPECT_EQ(PeakBytes(chain), 2048u);
}

TEST(MemoryPlan, FillsTheGapUnderABufferThatLivesLong) {
  const std::vector<BufferLife> lives = {{64, 0, 0}, {640, 0, 9}, {64, 5, 5}};
  EXPECT_EQ(PlanMemory(lives)->arena_bytes, 704u);
}

TEST(MemoryPlan, TakesEmptyBuffersAndNone) {
  EXPECT_EQ(PlanMemory({})->arena_bytes, 0u);
  const std::vector<BufferLife> empty = {{0, 0, 3}, {64, 1, 2}};
  EXPECT_EQ(PlanMemory(empty)->arena_bytes, 64u);
}

TEST(MemoryPlan, RefusesSizesThatOverflow) {
  const std::vector<BufferLife> huge(4, BufferLife{size_t{1} << 61, 0, 1});
  EXPECT_EQ(PlanMemory(huge).status().code(), StatusCode::kOutOfMemory);
  const std::vector<BufferLife> past_all = {{~size_t{0}, 0, 1}};
  EXPECT_FALSE(PlanMemory(past_all).ok());
}

}  // namespace
}  // namespace segforge
