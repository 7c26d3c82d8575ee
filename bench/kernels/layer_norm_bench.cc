// LayerNorm at the shapes of SegFormer's stages, one thread. The floor is one read and one write of the map.
#include <benchmark/benchmark.h>

#include <vector>

#include "backend/cpu/simd_kernels.h"

namespace segforge {
namespace {

void LayerNorm(benchmark::State& state) {
  const int64_t rows = state.range(0), channels = state.range(1);
  std::vector<float> x(static_cast<size_t>(rows * channels)), y(x.size());
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 97) * 0.01f;
  const std::vector<float> gamma(static_cast<size_t>(channels), 1.5f), beta(gamma.size(), 0.5f);
  ThreadPool pool(1);
  for (auto _ : state) {
    CpuLayerNorm(x.data(), gamma.data(), beta.data(), 1e-6f, rows, channels, y.data(), pool);
    benchmark::DoNotOptimize(y.data());
  }
  state.SetBytesProcessed(state.iterations() * rows * channels * 8);
}
BENCHMARK(LayerNorm)
    ->ArgNames({"rows", "channels"})
    ->Args({256, 32})
    ->Args({16384, 32})
    ->Args({65536, 32})
    ->Args({16384, 64})
    ->Args({65536, 64})
    ->Args({4096, 160})
    ->Args({4096, 320})
    ->Args({1024, 256})
    ->Args({1024, 512});

}  // namespace
}  // namespace segforge
