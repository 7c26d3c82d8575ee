// The head's sum of four stages at a quarter of 512 x 512 and 1024 x 1024 pixels, one thread. The floor is
// one read and one write of the largest map.
#include <benchmark/benchmark.h>

#include <vector>

#include "backend/cpu/upsample_sum.h"
#include "base/tensor.h"

namespace segforge {
namespace {

void UpsampleSum(benchmark::State& state) {
  const int64_t side = state.range(0), channels = state.range(1);
  const auto map = [&](int64_t size) {
    return std::vector<float>(static_cast<size_t>(size * size * channels), 0.5f);
  };
  const std::vector<float> c1 = map(side), c2 = map(side / 2), c3 = map(side / 4), c4 = map(side / 8);
  std::vector<float> y(c1.size());
  const ResizeSource sources[] = {
      {c2.data(), side / 2, side / 2}, {c3.data(), side / 4, side / 4}, {c4.data(), side / 8, side / 8}};
  ThreadPool pool(1);
  const AlignedBuffer scratch(UpsampleSumScratchBytes(sources, channels, 1));
  for (auto _ : state) {
    CpuUpsampleSum({c1.data(), sources, y.data(), 1, side, side, channels, Activation::kRelu, scratch.data()},
                   pool);
    benchmark::DoNotOptimize(y.data());
  }
  state.SetBytesProcessed(state.iterations() * side * side * channels * 8);
}
BENCHMARK(UpsampleSum)
    ->ArgNames({"side", "channels"})
    ->ArgsProduct({{16, 64, 128, 256}, {256}})
    ->Args({128, 768});

}  // namespace
}  // namespace segforge
