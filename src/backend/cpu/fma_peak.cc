// Float32 multiply-adds in registers. Twelve independent chains cover the latency (4 or 5 cycles) of two
// units, and fit sixteen registers.
#include "base/simd_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/cpu/fma_peak.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace segforge::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr int kChains = 12;

// Runs `rounds` multiply-adds in each chain; returns how many floating-point operations that was. The sum
// goes to *sink, so that none of it is left out.
double MultiplyAdd(int64_t rounds, float* sink) {
  const hn::ScalableTag<float> d;
  const auto factor = hn::Set(d, 0.999f);
  const auto summand = hn::Set(d, 0.001f);
  // Each starts elsewhere: of equal chains the compiler would keep one.
  const auto start = [d](int chain) HWY_ATTR { return hn::Set(d, static_cast<float>(chain)); };
  auto c0 = start(0), c1 = start(1), c2 = start(2), c3 = start(3), c4 = start(4), c5 = start(5);
  auto c6 = start(6), c7 = start(7), c8 = start(8), c9 = start(9), c10 = start(10), c11 = start(11);
  for (int64_t i = 0; i < rounds; ++i) {
    c0 = hn::MulAdd(c0, factor, summand);
    c1 = hn::MulAdd(c1, factor, summand);
    c2 = hn::MulAdd(c2, factor, summand);
    c3 = hn::MulAdd(c3, factor, summand);
    c4 = hn::MulAdd(c4, factor, summand);
    c5 = hn::MulAdd(c5, factor, summand);
    c6 = hn::MulAdd(c6, factor, summand);
    c7 = hn::MulAdd(c7, factor, summand);
    c8 = hn::MulAdd(c8, factor, summand);
    c9 = hn::MulAdd(c9, factor, summand);
    c10 = hn::MulAdd(c10, factor, summand);
    c11 = hn::MulAdd(c11, factor, summand);
  }
  const auto low = hn::Add(hn::Add(hn::Add(c0, c1), hn::Add(c2, c3)), hn::Add(c4, c5));
  const auto high = hn::Add(hn::Add(hn::Add(c6, c7), hn::Add(c8, c9)), hn::Add(c10, c11));
  *sink = hn::GetLane(hn::SumOfLanes(d, hn::Add(low, high)));
  return static_cast<double>(rounds) * kChains * 2 * static_cast<double>(hn::Lanes(d));
}

}  // namespace segforge::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <algorithm>
#include <chrono>
#include <vector>

#include "backend/cpu/peak.h"

namespace segforge {
namespace {

HWY_EXPORT(MultiplyAdd);

// A millisecond or so each, shorter than a neighbour's turn on the processor, so that some are undisturbed.
constexpr int kAttempts = 600;
constexpr int64_t kRounds = 500'000;

struct alignas(64) ThreadResult {
  double flops = 0;
  float sum = 0;
};

}  // namespace

// The best attempt: a neighbour's noise only ever slows one down.
double MeasureFmaGflops(ThreadPool& pool) {
  std::vector<ThreadResult> results(static_cast<size_t>(pool.threads()));
  double best = 0;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const auto start = std::chrono::steady_clock::now();
    pool.Run([&](int thread) {
      ThreadResult& result = results[static_cast<size_t>(thread)];
      result.flops = HWY_DYNAMIC_DISPATCH(MultiplyAdd)(kRounds, &result.sum);
    });
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    double flops = 0;
    for (const ThreadResult& result : results) flops += result.flops;
    best = std::max(best, flops / elapsed.count() * 1e-9);
  }
  return best;
}

}  // namespace segforge
#endif
