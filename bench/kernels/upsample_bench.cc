// Logits at a quarter of the size to labels, one thread: upsampling and argmax in one go.
#include <benchmark/benchmark.h>

#include <random>

#include "backend/labels.h"

namespace segforge {
namespace {

void UpsampleArgmax(benchmark::State& state) {
  const int64_t side = state.range(0), classes = state.range(1);
  Tensor logits(DType::kF32, {side / 4, side / 4, classes}), labels(DType::kU8, {side, side});
  Tensor confidence(DType::kF32, {side, side});
  std::mt19937 generator(1);
  for (float& value : logits.span<float>()) value = static_cast<float>(generator() % 1000) * 0.01f;
  LabelMaps maps = {labels.view(), {}};
  if (state.range(2) != 0) maps.confidence = confidence.view();
  ThreadPool pool(1);
  const AlignedBuffer scratch(CpuUpsampleArgmaxScratchBytes(logits.shape(), side, 1));
  for (auto _ : state) {
    CpuUpsampleArgmax(std::as_const(logits).view(), maps, pool, scratch.data());
    benchmark::DoNotOptimize(labels.view().data);
  }
  state.counters["pixel/s"] =
      benchmark::Counter(static_cast<double>(state.iterations() * side * side), benchmark::Counter::kIsRate);
}
BENCHMARK(UpsampleArgmax)
    ->ArgNames({"side", "classes", "confidence"})
    ->ArgsProduct({{512, 1024}, {11, 19, 150}, {0}})
    ->Args({1024, 19, 1})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace segforge
