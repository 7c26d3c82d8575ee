// Gelu, Relu, Erf and Sqrt; Add, Sub, Mul and Div: one pass, bound by memory.
#include <algorithm>

#include "backend/cpu/constants.h"
#include "backend/cpu/simd_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/cpu/elementwise.cc"
#include "base/simd_targets.h"

#include "hwy/foreach_target.h"
#include "hwy/highway.h"

#include "backend/cpu/math-inl.h"
#include "backend/cpu/partial-inl.h"

HWY_BEFORE_NAMESPACE();
namespace segforge {
namespace HWY_NAMESPACE {
namespace {

template <class Function>
HWY_INLINE void MapUnary(const float* x, float* y, size_t count, const Function& function) {
  const hn::ScalableTag<float> d;
  ForEachVector(d, count, [&](size_t i, auto lanes) HWY_ATTR {
    lanes.Store(function(d, lanes.Load(d, x + i)), d, y + i);
  });
}

// Error at most 2.5e-7, and 3 ulp below 0.5. Abramowitz and Stegun 1964, 7.1.26; its own series near zero,
// where 1 - .. would cancel.
template <class D, class V>
HWY_INLINE V Erf(D d, V x) {
  const V a = hn::Abs(x), square = hn::Mul(x, x);
  const V t = hn::Div(hn::Set(d, 1.0f), hn::MulAdd(a, hn::Set(d, 0.3275911f), hn::Set(d, 1.0f)));
  V p = hn::Set(d, 1.061405429f);
  for (const float c : {-1.453152027f, 1.421413741f, -0.284496736f, 0.254829592f})
    p = hn::MulAdd(p, t, hn::Set(d, c));
  const V far = hn::NegMulAdd(hn::Mul(p, t), ExpNonPositive(d, hn::Neg(square)), hn::Set(d, 1.0f));
  V series = hn::Set(d, 1.0f / 9360);
  for (const float c : {-1.0f / 1320, 1.0f / 216, -1.0f / 42, 1.0f / 10, -1.0f / 3, 1.0f})
    series = hn::MulAdd(series, square, hn::Set(d, c));
  const V near = hn::Mul(hn::Mul(x, series), hn::Set(d, 1.128379167f));
  return hn::IfThenElse(hn::Lt(a, hn::Set(d, 0.5f)), near, hn::CopySign(far, x));
}

void UnarySpan(Op op, const float* x, float* y, size_t count) {
  switch (op) {
    case Op::kGelu:
      return MapUnary(x, y, count, [](auto d, auto v) HWY_ATTR { return Gelu(d, v); });
    case Op::kErf:
      return MapUnary(x, y, count, [](auto d, auto v) HWY_ATTR { return Erf(d, v); });
    case Op::kSqrt:
      return MapUnary(x, y, count, [](auto, auto v) HWY_ATTR { return hn::Sqrt(v); });
    default:
      return MapUnary(x, y, count, [](auto d, auto v) HWY_ATTR { return hn::Max(v, hn::Zero(d)); });
  }
}

// Calls use(function of two vectors).
template <class Use>
HWY_INLINE void WithBinary(Op op, const Use& use) {
  switch (op) {
    case Op::kAdd:
      return use([](auto a, auto b) HWY_ATTR { return hn::Add(a, b); });
    case Op::kSub:
      return use([](auto a, auto b) HWY_ATTR { return hn::Sub(a, b); });
    case Op::kMul:
      return use([](auto a, auto b) HWY_ATTR { return hn::Mul(a, b); });
    default:
      return use([](auto a, auto b) HWY_ATTR { return hn::Div(a, b); });
  }
}

void BinarySpan(Op op, const float* a, const float* b, float* y, size_t count) {
  const hn::ScalableTag<float> d;
  WithBinary(op, [&](const auto& function) HWY_ATTR {
    ForEachVector(d, count, [&](size_t i, auto lanes) HWY_ATTR {
      lanes.Store(function(lanes.Load(d, a + i), lanes.Load(d, b + i)), d, y + i);
    });
  });
}

// y[r, c] = a[r, c] op b[r]
void BinaryColumn(Op op, const float* a, const float* b, float* y, size_t rows, size_t channels) {
  WithBinary(op, [&](const auto& function) HWY_ATTR {
    for (size_t r = 0; r < rows; ++r) {
      MapUnary(a + r * channels, y + r * channels, channels,
               [&](auto d, auto v) HWY_ATTR { return function(v, hn::Set(d, b[r])); });
    }
  });
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace segforge
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace segforge {
namespace {

HWY_EXPORT(UnarySpan);
HWY_EXPORT(BinarySpan);
HWY_EXPORT(BinaryColumn);

constexpr int64_t kGrainElems = 16384;  // 64 KiB; a multiple of every vector's size

class UnaryKernel : public Kernel {
 public:
  explicit UnaryKernel(Op op) : op_(op) {}
  bool MayOverwrite(size_t) const override { return true; }
  void Run(const KernelArgs& args) const override {
    const float* x = args.inputs[0].as<float>();
    float* y = args.output.as<float>();
    args.pool->ParallelFor(args.output.shape.elems(), kGrainElems, [&](int64_t begin, int64_t end, int) {
      HWY_DYNAMIC_DISPATCH(UnarySpan)(op_, x + begin, y + begin, static_cast<size_t>(end - begin));
    });
  }

 private:
  Op op_;
};

// A short constant several times over, so that spans are long enough to be worth a call.
std::shared_ptr<const Tensor> Repeated(std::shared_ptr<const Tensor> constant) {
  constexpr int64_t kShort = 1024;
  const int64_t elems = constant->shape().elems();
  if (elems == 0 || elems >= kShort) return constant;
  const int64_t times = (kShort + elems - 1) / elems;
  auto repeated = std::make_shared<Tensor>(DType::kF32, Shape{times * elems});
  for (int64_t i = 0; i < times; ++i)
    std::ranges::copy(constant->span<float>(), repeated->span<float>().begin() + i * elems);
  return repeated;
}

// y[r, i] = a[r, i] + b[r, i], or + b[i] where b is repeated over a's leading axes.
class BinaryKernel : public Kernel {
 public:
  BinaryKernel(Op op, std::shared_ptr<const Tensor> constant) : op_(op), constant_(std::move(constant)) {}

  bool MayOverwrite(size_t) const override { return true; }

  void Run(const KernelArgs& args) const override {
    const float* a = args.inputs[0].as<float>();
    const ConstTensorView other = constant_ == nullptr ? args.inputs[1] : constant_->view();
    const float* b = other.as<float>();
    float* y = args.output.as<float>();
    const int64_t period = other.shape.elems();
    const int64_t elems = args.output.shape.elems();
    // A whole map needs no repetition: any split will do.
    const bool repeats = period < elems;
    const int64_t grain = repeats ? (kGrainElems + period - 1) / period * period : kGrainElems;
    args.pool->ParallelFor(elems, grain, [&](int64_t begin, int64_t end, int) {
      if (!repeats) return Apply(a + begin, b + begin, y + begin, end - begin);
      for (int64_t i = begin; i < end; i += period) Apply(a + i, b, y + i, std::min(period, end - i));
    });
  }

 private:
  void Apply(const float* a, const float* b, float* y, int64_t count) const {
    HWY_DYNAMIC_DISPATCH(BinarySpan)(op_, a, b, y, static_cast<size_t>(count));
  }

  Op op_;
  std::shared_ptr<const Tensor> constant_;
};

// y[r, c] = a[r, c] op b[r]
class ColumnKernel : public Kernel {
 public:
  explicit ColumnKernel(Op op) : op_(op) {}

  bool MayOverwrite(size_t index) const override { return index == 0; }

  void Run(const KernelArgs& args) const override {
    const float* a = args.inputs[0].as<float>();
    const float* b = args.inputs[1].as<float>();
    float* y = args.output.as<float>();
    const int64_t channels = args.output.shape.back();
    const int64_t grain = std::max<int64_t>(1, kGrainElems / std::max<int64_t>(1, channels));
    args.pool->ParallelFor(args.inputs[1].shape.elems(), grain, [&](int64_t begin, int64_t end, int) {
      HWY_DYNAMIC_DISPATCH(BinaryColumn)
      (op_, a + begin * channels, b + begin, y + begin * channels, static_cast<size_t>(end - begin),
       static_cast<size_t>(channels));
    });
  }

 private:
  Op op_;
};

// Whether b is what a ends with, or a single number: it repeats over a's leading axes.
bool Repeats(const DimShape& a, const DimShape& b) {
  if (std::ranges::all_of(b, [](const Dim& dim) { return dim == Dim(1); })) return true;
  return std::equal(b.rbegin(), b.rend(), a.rbegin());
}

// Whether b is a number for each row of a.
bool IsColumn(const DimShape& a, const DimShape& b) {
  if (a.empty() || a.size() != b.size()) return false;
  return std::equal(a.begin(), a.end() - 1, b.begin()) && b.back() == Dim(1);
}

}  // namespace

Result<std::unique_ptr<Kernel>> MakeCpuUnary(const Graph& graph, const Node& node) {
  if (graph.ConstantInput(node, 0) != nullptr) return MakeRefBackend().Find(node.op)->make(graph, node);
  return std::unique_ptr<Kernel>(std::make_unique<UnaryKernel>(node.op));
}

Result<std::unique_ptr<Kernel>> MakeCpuBinary(const Graph& graph, const Node& node) {
  if (graph.ConstantInput(node, 0) != nullptr) return MakeRefBackend().Find(node.op)->make(graph, node);
  const DimShape &a = graph.node(node.inputs[0]).type.shape, &b = graph.node(node.inputs[1]).type.shape;
  const bool is_constant = graph.ConstantInput(node, 1) != nullptr;
  if (!Repeats(a, b)) {
    if (is_constant || !IsColumn(a, b)) return MakeRefBackend().Find(node.op)->make(graph, node);
    return std::unique_ptr<Kernel>(std::make_unique<ColumnKernel>(node.op));
  }
  std::shared_ptr<const Tensor> constant;
  if (is_constant) {
    SEGFORGE_ASSIGN_OR_RETURN(constant, SharedConstant(graph, node, 1));
    constant = Repeated(std::move(constant));
  }
  return std::unique_ptr<Kernel>(std::make_unique<BinaryKernel>(node.op, std::move(constant)));
}

}  // namespace segforge
#endif  // HWY_ONCE
