// y[t, 0] = mean over c of x[t, c]
#include <algorithm>

#include "backend/cpu/simd_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/cpu/reduce_mean.cc"
#include "base/simd_targets.h"

#include "hwy/foreach_target.h"
#include "hwy/highway.h"

#include "backend/cpu/layer_norm-inl.h"

HWY_BEFORE_NAMESPACE();
namespace segforge {
namespace HWY_NAMESPACE {
namespace {

void MeanOfRows(const float* x, float* y, size_t rows, size_t channels) {
  const hn::ScalableTag<float> d;
  using V = hn::Vec<decltype(d)>;
  for (size_t r = 0; r < rows; ++r) {
    const float sum =
        SumOverRow(d, x + r * channels, channels, [](V v, V total) HWY_ATTR { return hn::Add(total, v); });
    y[r] = sum / static_cast<float>(channels);
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace segforge
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace segforge {
namespace {

HWY_EXPORT(MeanOfRows);

constexpr int64_t kGrainElems = 16384;  // below that a thread's start costs more than its work saves

class ReduceMeanKernel : public Kernel {
 public:
  void Run(const KernelArgs& args) const override {
    const float* x = args.inputs[0].as<float>();
    float* y = args.output.as<float>();
    const int64_t channels = args.inputs[0].shape.back();
    const int64_t grain = std::max<int64_t>(1, kGrainElems / channels);
    args.pool->ParallelFor(args.output.shape.elems(), grain, [&](int64_t begin, int64_t end, int) {
      HWY_DYNAMIC_DISPATCH(MeanOfRows)
      (x + begin * channels, y + begin, static_cast<size_t>(end - begin), static_cast<size_t>(channels));
    });
  }
};

}  // namespace

Result<std::unique_ptr<Kernel>> MakeCpuReduceMean(const Graph& graph, const Node& node) {
  if (graph.ConstantInput(node, 0) != nullptr)
    return MakeRefBackend().Find(Op::kReduceMean)->make(graph, node);
  return std::unique_ptr<Kernel>(std::make_unique<ReduceMeanKernel>());
}

}  // namespace segforge
#endif  // HWY_ONCE
