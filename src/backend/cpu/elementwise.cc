// Gelu, Relu, Add and Mul: one pass, bound by memory.
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

void GeluSpan(const float* x, float* y, size_t count) {
  MapUnary(x, y, count, [](auto d, auto v) HWY_ATTR { return Gelu(d, v); });
}

void ReluSpan(const float* x, float* y, size_t count) {
  MapUnary(x, y, count, [](auto d, auto v) HWY_ATTR { return hn::Max(v, hn::Zero(d)); });
}

void AddSpan(const float* a, const float* b, float* y, size_t count) {
  const hn::ScalableTag<float> d;
  ForEachVector(d, count, [&](size_t i, auto lanes) HWY_ATTR {
    lanes.Store(hn::Add(lanes.Load(d, a + i), lanes.Load(d, b + i)), d, y + i);
  });
}

void MulSpan(const float* a, const float* b, float* y, size_t count) {
  const hn::ScalableTag<float> d;
  ForEachVector(d, count, [&](size_t i, auto lanes) HWY_ATTR {
    lanes.Store(hn::Mul(lanes.Load(d, a + i), lanes.Load(d, b + i)), d, y + i);
  });
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace segforge
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace segforge {
namespace {

HWY_EXPORT(GeluSpan);
HWY_EXPORT(ReluSpan);
HWY_EXPORT(AddSpan);
HWY_EXPORT(MulSpan);

constexpr int64_t kGrainElems = 16384;  // 64 KiB; a multiple of every vector's size

class UnaryKernel : public Kernel {
 public:
  explicit UnaryKernel(bool gelu) : gelu_(gelu) {}
  bool MayOverwrite(size_t) const override { return true; }
  void Run(const KernelArgs& args) const override {
    const float* x = args.inputs[0].as<float>();
    float* y = args.output.as<float>();
    args.pool->ParallelFor(args.output.shape.elems(), kGrainElems, [&](int64_t begin, int64_t end, int) {
      const auto count = static_cast<size_t>(end - begin);
      if (gelu_) {
        HWY_DYNAMIC_DISPATCH(GeluSpan)(x + begin, y + begin, count);
      } else {
        HWY_DYNAMIC_DISPATCH(ReluSpan)(x + begin, y + begin, count);
      }
    });
  }

 private:
  bool gelu_;
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
  BinaryKernel(bool multiply, std::shared_ptr<const Tensor> constant)
      : multiply_(multiply), constant_(std::move(constant)) {}

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
    if (multiply_) {
      HWY_DYNAMIC_DISPATCH(MulSpan)(a, b, y, static_cast<size_t>(count));
    } else {
      HWY_DYNAMIC_DISPATCH(AddSpan)(a, b, y, static_cast<size_t>(count));
    }
  }

  bool multiply_;
  std::shared_ptr<const Tensor> constant_;
};

}  // namespace

Result<std::unique_ptr<Kernel>> MakeCpuUnary(const Graph&, const Node& node) {
  return std::unique_ptr<Kernel>(std::make_unique<UnaryKernel>(node.op == Op::kGelu));
}

Result<std::unique_ptr<Kernel>> MakeCpuBinary(const Graph& graph, const Node& node) {
  if (graph.ConstantInput(node, 0) != nullptr) {
    return Unsupported("{}: the first input of {} must not be a constant on the CPU backend", node.name,
                       NameOf(node.op));
  }
  std::shared_ptr<const Tensor> constant;
  if (graph.ConstantInput(node, 1) != nullptr) {
    SEGFORGE_ASSIGN_OR_RETURN(constant, SharedConstant(graph, node, 1));
    constant = Repeated(std::move(constant));
  }
  return std::unique_ptr<Kernel>(std::make_unique<BinaryKernel>(node.op == Op::kMul, std::move(constant)));
}

}  // namespace segforge
#endif  // HWY_ONCE
