// Attention at the shapes of SegFormer: queries, keys, heads, head width. One thread.
#include "backend/cpu/attention.h"

#include <benchmark/benchmark.h>

#include <vector>

#include "base/tensor.h"

namespace segforge {
namespace {

void CpuAttention(benchmark::State& state) {
  const AttentionShape shape = {.queries = state.range(0),
                                .keys = state.range(1),
                                .heads = state.range(2),
                                .head_width = state.range(3)};
  std::vector<float> q(static_cast<size_t>(shape.queries * shape.channels()));
  std::vector<float> kv(static_cast<size_t>(2 * shape.keys * shape.channels()));
  std::vector<float> out(q.size());
  for (size_t i = 0; i < q.size(); ++i) q[i] = static_cast<float>(i * 7919 % 101) / 50.0f - 1.0f;
  for (size_t i = 0; i < kv.size(); ++i) kv[i] = static_cast<float>(i * 104729 % 97) / 48.0f - 1.0f;
  ThreadPool pool(1);
  const AlignedBuffer scratch(AttentionScratchBytes(shape, pool.threads()));
  for (auto _ : state) Attention(shape, q.data(), kv.data(), out.data(), scratch.data(), pool);
  const double flop = 4.0 * static_cast<double>(shape.queries * shape.keys * shape.channels());
  state.counters["GFLOP/s"] =
      benchmark::Counter(flop * 1e-9 * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

BENCHMARK(CpuAttention)
    ->ArgNames({"queries", "keys", "heads", "width"})
    ->Unit(benchmark::kMicrosecond)
    ->MinTime(0.2)
    // B0 at 512 x 512, stage by stage; its first stage at 1024 x 1024; B1's first stage; odd sizes
    ->Args({16384, 256, 1, 32})
    ->Args({4096, 256, 2, 32})
    ->Args({1024, 256, 5, 32})
    ->Args({256, 256, 8, 32})
    ->Args({65536, 1024, 1, 32})
    ->Args({16384, 256, 1, 64})
    ->Args({961, 225, 5, 64});

}  // namespace
}  // namespace segforge
