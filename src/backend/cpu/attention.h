// o = softmax(scale * q k^T) v for each head, with a streaming softmax (Milakov and Gimelshein 2018; Dao et
// al. 2022, algorithm 1): scores exist a block at a time, in the first-level cache.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/thread_pool.h"

namespace segforge {

struct AttentionShape {
  int64_t batch = 1;
  int64_t queries = 0;  // H * W
  int64_t keys = 0;     // h * w, at least 1
  int64_t heads = 1;
  int64_t head_width = 0;
  float scale = 1;

  int64_t channels() const { return heads * head_width; }
};

size_t AttentionScratchBytes(const AttentionShape& shape, int threads);

// q, out: [batch, queries, channels]; kv: [batch, keys, 2 * channels], keys first. Dense f32. scratch is
// 64-byte aligned.
void Attention(const AttentionShape& shape, const float* q, const float* kv, float* out, std::byte* scratch,
               ThreadPool& pool);

}  // namespace segforge
