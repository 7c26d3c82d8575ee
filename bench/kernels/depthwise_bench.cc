// The 3 x 3 depthwise convolution of MixFFN at the stages of B0 and B1 for 512 x 512 pixels, one thread, with
// and without the fused GELU. FLOP counts the convolution's 9 multiply-adds alone.
#include <benchmark/benchmark.h>

#include <vector>

#include "backend/cpu/depthwise_conv.h"

namespace segforge {
namespace {

void DepthwiseConv(benchmark::State& state) {
  const int64_t side = state.range(0), channels = state.range(1);
  const auto width = static_cast<size_t>(side), used = static_cast<size_t>(channels);
  const size_t stride = state.range(3) != 0 ? PaddedStride(used) : used;
  std::vector<float> x(width * width * stride), y(x.size());
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 97) * 0.02f - 1.0f;
  const std::vector<float> weights(9 * stride, 0.1f), bias(used, 0.1f);
  ThreadPool pool(1);
  for (auto _ : state) {
    CpuDepthwiseConv({x.data(),
                      weights.data(),
                      bias.data(),
                      y.data(),
                      1,
                      side,
                      {width, used, stride, stride, stride},
                      state.range(2) != 0},
                     pool);
    benchmark::DoNotOptimize(y.data());
  }
  state.counters["FLOP/s"] = benchmark::Counter(
      static_cast<double>(state.iterations() * side * side * channels * 18), benchmark::Counter::kIsRate);
  state.SetBytesProcessed(state.iterations() * side * side * channels * 8);
}
BENCHMARK(DepthwiseConv)
    ->ArgNames({"side", "channels", "gelu", "padded"})
    ->ArgsProduct({{8}, {128}, {0, 1}, {0, 1}})  // all in L1 and L2
    ->ArgsProduct({{128}, {128, 256}, {0, 1}, {0, 1}})
    ->ArgsProduct({{64}, {256, 512}, {0, 1}, {0, 1}})
    ->ArgsProduct({{32}, {640, 1280}, {0, 1}, {0, 1}})
    ->ArgsProduct({{16}, {1024, 2048}, {0, 1}, {0, 1}});

}  // namespace
}  // namespace segforge
