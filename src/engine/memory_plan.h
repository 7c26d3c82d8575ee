// Where in one arena each buffer lies: buffers whose lives overlap get disjoint bytes.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/status.h"

namespace segforge {

// A buffer that is needed from step `first` to step `last`, both included.
struct BufferLife {
  size_t bytes = 0;
  int first = 0;
  int last = 0;
};

struct MemoryPlan {
  std::vector<size_t> offsets;  // of each buffer, multiples of AlignedBuffer::kAlignment
  size_t arena_bytes = 0;
};

// Tries a few greedy orders and keeps the smallest arena; always the same for the same input. Fails only when
// sizes overflow.
Result<MemoryPlan> PlanMemory(std::span<const BufferLife> buffers);

// The most bytes, each buffer rounded up to the alignment, that any step needs at once: no plan is smaller.
size_t PeakBytes(std::span<const BufferLife> buffers);

}  // namespace segforge
