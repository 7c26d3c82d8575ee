// Work on an image row by row, with or without a thread pool.
#pragma once

#include "base/thread_pool.h"

namespace segforge {

// Splits [0, rows) over the pool, or calls body(0, rows) where there is none.
inline void ForRows(ThreadPool* pool, int64_t rows, FunctionRef<void(int64_t begin, int64_t end)> body) {
  if (pool == nullptr) return body(0, rows);
  pool->ParallelFor(rows, 1, [&](int64_t begin, int64_t end, int) { body(begin, end); });
}

}  // namespace segforge
