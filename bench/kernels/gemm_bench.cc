// C = A B at the shapes of SegFormer, ours beside OpenBLAS and oneDNN where they are installed. One thread
// each:
//   OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 build-bench/gemm_bench
#include <benchmark/benchmark.h>

#ifdef SEGFORGE_HAVE_OPENBLAS
#include <cblas.h>
#endif
#ifdef SEGFORGE_HAVE_ONEDNN
#include <oneapi/dnnl/dnnl.h>
#endif

#include <vector>

#include "backend/cpu/gemm.h"

namespace segforge {
namespace {

struct Problem {
  explicit Problem(const benchmark::State& state)
      : m(state.range(0)),
        k(state.range(1)),
        n(state.range(2)),
        a(Filled(m, k)),
        b(Filled(n, k)),
        c(Filled(m, n)) {}

  static Tensor Filled(int64_t rows, int64_t columns) {
    Tensor tensor(DType::kF32, Shape{rows, columns});
    uint32_t seed = 1;
    for (float& x : tensor.span<float>()) {
      seed = seed * 1664525u + 1013904223u;
      x = static_cast<float>(seed >> 8) * 0x1p-23f - 1.0f;
    }
    return tensor;
  }
  void Report(benchmark::State& state) const {
    const double flop = 2.0 * static_cast<double>(m * k * n) * static_cast<double>(state.iterations());
    state.counters["GFLOP/s"] = benchmark::Counter(flop * 1e-9, benchmark::Counter::kIsRate);
  }

  int64_t m, k, n;
  Tensor a, b, c;
};

void Segforge(benchmark::State& state) {
  Problem p(state);
  ThreadPool pool(1);
  const PackedWeights packed = PackMatrix(p.b, nullptr);
  for (auto _ : state) {
    Gemm(DenseRows(p.a.span<float>().data(), p.k), p.m, packed,
         {.data = p.c.span<float>().data(), .row_stride = p.n}, pool);
  }
  p.Report(state);
}

#ifdef SEGFORGE_HAVE_OPENBLAS
void OpenBlas(benchmark::State& state) {
  Problem p(state);
  const auto m = static_cast<int>(p.m), k = static_cast<int>(p.k), n = static_cast<int>(p.n);
  for (auto _ : state) {
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, m, n, k, 1.0f, p.a.span<float>().data(), k,
                p.b.span<float>().data(), k, 0.0f, p.c.span<float>().data(), n);
  }
  p.Report(state);
}
#endif

#ifdef SEGFORGE_HAVE_ONEDNN
void OneDnn(benchmark::State& state) {
  Problem p(state);
  for (auto _ : state) {
    dnnl_sgemm('N', 'T', p.m, p.n, p.k, 1.0f, p.a.span<float>().data(), p.k, p.b.span<float>().data(), p.k,
               0.0f, p.c.span<float>().data(), p.n);
  }
  p.Report(state);
}
#endif

// Tokens, input and output channels of B0 at 512 x 512: q and proj, fc1, fc2, sr of each stage; the first
// convolution.
void Shapes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"m", "k", "n"})->Unit(benchmark::kMicrosecond)->MinTime(0.2);
  for (const auto& [m, width] : {std::pair{16384, 32}, {4096, 64}, {1024, 160}, {256, 256}}) {
    bench->Args({m, width, width})->Args({m, width, 4 * width})->Args({m, 4 * width, width});
  }
  bench->Args({256, 2048, 32})->Args({256, 1024, 64})->Args({16384, 147, 32})->Args({16384, 256, 19});
}

BENCHMARK(Segforge)->Apply(Shapes);
#ifdef SEGFORGE_HAVE_OPENBLAS
BENCHMARK(OpenBlas)->Apply(Shapes);
#endif
#ifdef SEGFORGE_HAVE_ONEDNN
BENCHMARK(OneDnn)->Apply(Shapes);
#endif

}  // namespace
}  // namespace segforge
