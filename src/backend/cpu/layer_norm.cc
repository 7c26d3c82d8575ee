// y[t,c] = (x[t,c] - mean_t) / sqrt(variance_t + eps) * gamma[c] + beta[c]    Ba, Kiros, Hinton 2016, eq. 4
// Mean first, then the centred square: a row stays in L1, and E[x^2] - E[x]^2 would cancel on SegFormer's
// residual stream.
#include "backend/cpu/constants.h"
#include "backend/cpu/simd_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/cpu/layer_norm.cc"
#include "base/simd_targets.h"

#include "hwy/foreach_target.h"
#include "hwy/highway.h"

#include "backend/cpu/layer_norm-inl.h"

HWY_BEFORE_NAMESPACE();
namespace segforge {
namespace HWY_NAMESPACE {
namespace {

void LayerNormRows(const float* x, const float* gamma, const float* beta, float eps, size_t rows,
                   size_t channels, float* y) {
  NormalizeRows(x, gamma, beta, eps, rows, channels, y);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace segforge
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace segforge {
namespace {

HWY_EXPORT(LayerNormRows);

constexpr int64_t kGrainElems = 4096;  // below that a thread's start costs more than its work saves

class LayerNormKernel : public Kernel {
 public:
  LayerNormKernel(std::shared_ptr<const Tensor> gamma, std::shared_ptr<const Tensor> beta, float eps)
      : gamma_(std::move(gamma)), beta_(std::move(beta)), eps_(eps) {}

  bool MayOverwrite(size_t index) const override { return index == 0; }

  void Run(const KernelArgs& args) const override {
    const int64_t channels = gamma_->shape()[0];
    CpuLayerNorm(args.inputs[0].as<float>(), gamma_->span<float>().data(), beta_->span<float>().data(), eps_,
                 args.output.shape.elems() / channels, channels, args.output.as<float>(), *args.pool);
  }

 private:
  std::shared_ptr<const Tensor> gamma_;
  std::shared_ptr<const Tensor> beta_;
  float eps_;
};

}  // namespace

void CpuLayerNorm(const float* x, const float* gamma, const float* beta, float eps, int64_t rows,
                  int64_t channels, float* y, ThreadPool& pool) {
  // Whole groups of four rows, so that the result does not depend on the number of threads.
  const int64_t grain = (kGrainElems + 4 * channels - 1) / (4 * channels) * 4;
  pool.ParallelFor(rows, grain, [&](int64_t begin, int64_t end, int) {
    HWY_DYNAMIC_DISPATCH(LayerNormRows)
    (x + begin * channels, gamma, beta, eps, static_cast<size_t>(end - begin), static_cast<size_t>(channels),
     y + begin * channels);
  });
}

Result<std::unique_ptr<Kernel>> MakeCpuLayerNorm(const Graph& graph, const Node& node) {
  SEGFORGE_ASSIGN_OR_RETURN(auto gamma, SharedConstant(graph, node, 1));
  SEGFORGE_ASSIGN_OR_RETURN(auto beta, SharedConstant(graph, node, 2));
  return std::unique_ptr<Kernel>(
      std::make_unique<LayerNormKernel>(std::move(gamma), std::move(beta), node.as<LayerNormAttrs>().eps));
}

}  // namespace segforge
#endif  // HWY_ONCE
