// y[i,m,n] = sum_k a[i,m,k] * b[i,k,n], or b[i,n,k] when transposed, of two computed maps: the products of an
// attention that is left in its parts. What is transposed is turned first, so that the inner loop is one.
#include <algorithm>

#include "backend/cpu/simd_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/cpu/matmul.cc"
#include "base/simd_targets.h"

#include "hwy/foreach_target.h"
#include "hwy/highway.h"

#include "backend/cpu/partial-inl.h"

HWY_BEFORE_NAMESPACE();
namespace segforge {
namespace HWY_NAMESPACE {
namespace {

// a [kRows, k], b [k, n] -> y [kRows, n]: a vector of b serves all rows. Every sum runs over k in order, so
// the bits do not depend on how many rows go together.
template <size_t kRows>
void MultiplyRows(const float* a, const float* b, size_t k, size_t n, float* y) {
  const hn::ScalableTag<float> d;
  using V = hn::Vec<decltype(d)>;
  ForEachVector(d, n, [&](size_t column, auto lanes) HWY_ATTR {
    V sums[kRows];
    for (V& sum : sums) sum = hn::Zero(d);
    for (size_t i = 0; i < k; ++i) {
      const V values = lanes.Load(d, b + i * n + column);
      for (size_t r = 0; r < kRows; ++r) sums[r] = hn::MulAdd(hn::Set(d, a[r * k + i]), values, sums[r]);
    }
    for (size_t r = 0; r < kRows; ++r) lanes.Store(sums[r], d, y + r * n + column);
  });
}

constexpr size_t kRowsTogether = 8;

void Multiply(const float* a, const float* b, size_t rows, size_t k, size_t n, float* y) {
  size_t row = 0;
  for (; row + kRowsTogether <= rows; row += kRowsTogether)
    MultiplyRows<kRowsTogether>(a + row * k, b, k, n, y + row * n);
  for (; row < rows; ++row) MultiplyRows<1>(a + row * k, b, k, n, y + row * n);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace segforge
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace segforge {
namespace {

HWY_EXPORT(Multiply);

constexpr int64_t kGrainRows = 64;

// [n, k] -> [k, n]
void Turn(const float* from, int64_t n, int64_t k, float* to) {
  for (int64_t row = 0; row < n; ++row) {
    for (int64_t i = 0; i < k; ++i) to[i * n + row] = from[row * k + i];
  }
}

class MatMulKernel : public Kernel {
 public:
  explicit MatMulKernel(bool transpose_b) : transpose_b_(transpose_b) {}

  size_t ScratchBytes(std::span<const Shape> inputs, int) const override {
    return transpose_b_ ? static_cast<size_t>(inputs[1].elems()) * sizeof(float) : 0;
  }

  void Run(const KernelArgs& args) const override {
    const Shape& shape = args.output.shape;
    const int64_t m = shape[shape.rank() - 2], n = shape.back(), k = args.inputs[0].shape.back();
    const int64_t matrices = shape.elems() / (m * n);
    const float* a = args.inputs[0].as<float>();
    const float* b = args.inputs[1].as<float>();
    if (transpose_b_) {
      auto* turned = reinterpret_cast<float*>(args.scratch);
      args.pool->ParallelFor(matrices, 1, [&](int64_t begin, int64_t end, int) {
        for (int64_t i = begin; i < end; ++i) Turn(b + i * n * k, n, k, turned + i * n * k);
      });
      b = turned;
    }
    float* y = args.output.as<float>();
    args.pool->ParallelFor(matrices * m, kGrainRows, [&](int64_t begin, int64_t end, int) {
      for (int64_t row = begin; row < end;) {
        const int64_t rows = std::min(end - row, m - row % m);
        HWY_DYNAMIC_DISPATCH(Multiply)
        (a + row * k, b + row / m * n * k, static_cast<size_t>(rows), static_cast<size_t>(k),
         static_cast<size_t>(n), y + row * n);
        row += rows;
      }
    });
  }

 private:
  bool transpose_b_;
};

}  // namespace

Result<std::unique_ptr<Kernel>> MakeCpuMatMul(const Graph& graph, const Node& node) {
  const bool computed = graph.ConstantInput(node, 0) == nullptr && graph.ConstantInput(node, 1) == nullptr;
  if (!computed) return MakeRefBackend().Find(Op::kMatMul)->make(graph, node);
  return std::unique_ptr<Kernel>(std::make_unique<MatMulKernel>(node.as<MatMulAttrs>().transpose_b));
}

}  // namespace segforge
#endif  // HWY_ONCE
