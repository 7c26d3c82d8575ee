#include "engine/memory_plan.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/tensor.h"

namespace segforge {
namespace {

constexpr size_t kLimitBytes = size_t{1} << 62;  // sums of two such still fit

size_t Aligned(size_t bytes) {
  return (bytes + AlignedBuffer::kAlignment - 1) / AlignedBuffer::kAlignment * AlignedBuffer::kAlignment;
}

bool LiveTogether(const BufferLife& a, const BufferLife& b) { return a.first <= b.last && b.first <= a.last; }

// The offset of the tightest gap, between the buffers already placed, that is free for all of a buffer's
// life; past them all where there is none. `placed` is sorted by offset.
size_t TightestGap(std::span<const BufferLife> buffers, const std::vector<size_t>& placed,
                   const std::vector<size_t>& offsets, const BufferLife& buffer) {
  const size_t wanted = Aligned(buffer.bytes);
  size_t free_from = 0;
  size_t best_offset = 0;
  size_t best_gap = kLimitBytes;
  for (const size_t other : placed) {
    if (!LiveTogether(buffers[other], buffer)) continue;
    if (offsets[other] >= free_from + wanted && offsets[other] - free_from < best_gap) {
      best_gap = offsets[other] - free_from;
      best_offset = free_from;
    }
    free_from = std::max(free_from, offsets[other] + Aligned(buffers[other].bytes));
  }
  return best_gap < kLimitBytes ? best_offset : free_from;
}

Result<MemoryPlan> PlaceInOrder(std::span<const BufferLife> buffers, const std::vector<size_t>& order) {
  MemoryPlan plan;
  plan.offsets.resize(buffers.size());
  std::vector<size_t> placed;
  for (const size_t index : order) {
    const size_t offset = TightestGap(buffers, placed, plan.offsets, buffers[index]);
    const size_t end = offset + Aligned(buffers[index].bytes);
    if (end > kLimitBytes) return OutOfMemory("the sizes of the buffers overflow");
    plan.offsets[index] = offset;
    plan.arena_bytes = std::max(plan.arena_bytes, end);
    const auto later =
        std::ranges::upper_bound(placed, offset, {}, [&](size_t other) { return plan.offsets[other]; });
    placed.insert(later, index);
  }
  return plan;
}

// Indices of the buffers, those with the greatest key first; equal keys in the order given.
template <typename Key>
std::vector<size_t> OrderBy(std::span<const BufferLife> buffers, Key key) {
  std::vector<size_t> order(buffers.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, [&](size_t a, size_t b) { return key(buffers[a]) > key(buffers[b]); });
  return order;
}

}  // namespace

size_t PeakBytes(std::span<const BufferLife> buffers) {
  // A buffer is counted at its first step and let go after its last, in the order of the steps.
  std::vector<std::pair<int, size_t>> starts;
  std::vector<std::pair<int, size_t>> ends;
  for (const BufferLife& buffer : buffers) {
    starts.emplace_back(buffer.first, Aligned(buffer.bytes));
    ends.emplace_back(buffer.last, Aligned(buffer.bytes));
  }
  std::ranges::sort(starts);
  std::ranges::sort(ends);
  size_t live = 0;
  size_t peak = 0;
  auto end = ends.begin();
  for (const auto& [step, bytes] : starts) {
    for (; end != ends.end() && end->first < step; ++end) live -= end->second;
    live += bytes;
    peak = std::max(peak, live);
  }
  return peak;
}

Result<MemoryPlan> PlanMemory(std::span<const BufferLife> buffers) {
  for (const BufferLife& buffer : buffers) {
    SEGFORGE_CHECK(buffer.first <= buffer.last);
    if (buffer.bytes > kLimitBytes - AlignedBuffer::kAlignment) {
      return OutOfMemory("the sizes of the buffers overflow");
    }
  }
  const auto by_size = OrderBy(buffers, [](const BufferLife& b) { return b.bytes; });
  const auto by_duration = OrderBy(buffers, [](const BufferLife& b) { return b.last - b.first; });
  const auto by_start = OrderBy(buffers, [](const BufferLife& b) { return -b.first; });
  MemoryPlan best;
  best.arena_bytes = kLimitBytes + 1;
  const size_t bound = PeakBytes(buffers);
  for (const auto* order : {&by_size, &by_start, &by_duration}) {
    SEGFORGE_ASSIGN_OR_RETURN(MemoryPlan plan, PlaceInOrder(buffers, *order));
    if (plan.arena_bytes < best.arena_bytes) best = std::move(plan);
    if (best.arena_bytes == bound) break;
  }
  return best;
}

}  // namespace segforge
