// y[t,c] = exp(x[t,c] - max_t) / sum_c exp(x[t,c] - max_t)
#include <algorithm>

#include "backend/cpu/simd_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/cpu/softmax.cc"
#include "base/simd_targets.h"

#include "hwy/foreach_target.h"
#include "hwy/highway.h"

#include "backend/cpu/layer_norm-inl.h"
#include "backend/cpu/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace segforge {
namespace HWY_NAMESPACE {
namespace {

float GreatestOf(const float* x, size_t channels) {
  const hn::ScalableTag<float> d;
  auto greatest = hn::Set(d, x[0]);
  size_t c = 0;
  for (; c + hn::Lanes(d) <= channels; c += hn::Lanes(d)) greatest = hn::Max(greatest, hn::LoadU(d, x + c));
  float result = hn::GetLane(hn::MaxOfLanes(d, greatest));
  for (; c < channels; ++c) result = std::max(result, x[c]);
  return result;
}

// y may be x.
void SoftmaxRows(const float* x, float* y, size_t rows, size_t channels) {
  const hn::ScalableTag<float> d;
  using V = hn::Vec<decltype(d)>;
  for (size_t r = 0; r < rows; ++r, x += channels, y += channels) {
    const V greatest = hn::Set(d, GreatestOf(x, channels));
    ForEachVector(d, channels, [&](size_t c, auto lanes) HWY_ATTR {
      lanes.Store(ExpNonPositive(d, hn::Sub(lanes.Load(d, x + c), greatest)), d, y + c);
    });
    const V scale =
        hn::Set(d, 1.0f / SumOverRow(d, y, channels, [](V v, V sum) HWY_ATTR { return hn::Add(sum, v); }));
    ForEachVector(d, channels, [&](size_t c, auto lanes) HWY_ATTR {
      lanes.Store(hn::Mul(lanes.Load(d, y + c), scale), d, y + c);
    });
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace segforge
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace segforge {
namespace {

HWY_EXPORT(SoftmaxRows);

constexpr int64_t kGrainElems = 4096;  // below that a thread's start costs more than its work saves

class SoftmaxKernel : public Kernel {
 public:
  bool MayOverwrite(size_t) const override { return true; }
  void Run(const KernelArgs& args) const override {
    const float* x = args.inputs[0].as<float>();
    float* y = args.output.as<float>();
    const int64_t channels = args.output.shape.back();
    const int64_t grain = std::max<int64_t>(1, kGrainElems / channels);
    args.pool->ParallelFor(args.output.shape.elems() / channels, grain, [&](int64_t begin, int64_t end, int) {
      HWY_DYNAMIC_DISPATCH(SoftmaxRows)
      (x + begin * channels, y + begin * channels, static_cast<size_t>(end - begin),
       static_cast<size_t>(channels));
    });
  }
};

}  // namespace

Result<std::unique_ptr<Kernel>> MakeCpuSoftmax(const Graph& graph, const Node& node) {
  if (graph.ConstantInput(node, 0) != nullptr) return MakeRefBackend().Find(Op::kSoftmax)->make(graph, node);
  return std::unique_ptr<Kernel>(std::make_unique<SoftmaxKernel>());
}

}  // namespace segforge
#endif  // HWY_ONCE
