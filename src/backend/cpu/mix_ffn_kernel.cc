#include <algorithm>

#include "backend/cpu/constants.h"
#include "backend/cpu/kernels.h"
#include "backend/cpu/mix_ffn.h"

namespace segforge {
namespace {

MapShape MapOf(const Shape& x) { return {x[0], x[1], x[2], x[3]}; }

class MixFfnKernel final : public Kernel {
 public:
  explicit MixFfnKernel(MixFfnWeights weights) : weights_(std::move(weights)) {}

  size_t ScratchBytes(std::span<const Shape> inputs, int threads) const override {
    return MixFfnScratchBytes(MapOf(inputs[0]), weights_, threads);
  }

  void Run(const KernelArgs& args) const override {
    MixFfn(MapOf(args.inputs[0].shape), weights_, args.inputs[0].as<float>(), args.output.as<float>(),
           args.scratch, *args.pool);
  }

 private:
  MixFfnWeights weights_;
};

// [3, 3, F] as nine rows, `stride` apart.
Tensor SpreadTaps(const Tensor& weights, int64_t stride) {
  const int64_t hidden = weights.shape().back();
  Tensor taps(DType::kF32, Shape{9, stride});
  for (int64_t tap = 0; tap < 9; ++tap) {
    const float* source = weights.span<float>().data() + tap * hidden;
    float* target = taps.span<float>().data() + tap * stride;
    std::fill(std::copy(source, source + hidden, target), target + stride, 0.0f);
  }
  return taps;
}

}  // namespace

Result<std::unique_ptr<Kernel>> MakeCpuMixFfn(const Graph& graph, const Node& node) {
  std::shared_ptr<const Tensor> inputs[9];  // x, gamma, beta, w1, b1, wd, bd, w2, b2
  for (size_t i = 1; i < std::size(inputs); ++i) {
    SEGFORGE_ASSIGN_OR_RETURN(inputs[i], SharedConstant(graph, node, i));
  }
  MixFfnWeights weights = {.gamma = inputs[1],
                           .beta = inputs[2],
                           .fc1 = PackMatrix(*inputs[3], inputs[4]->span<float>().data()),
                           .fc2 = PackMatrix(*inputs[7], inputs[8]->span<float>().data()),
                           .taps = {},
                           .taps_bias = inputs[6],
                           .eps = node.as<MixFfnAttrs>().eps};
  weights.taps = SpreadTaps(*inputs[5], weights.hidden_stride());
  return std::unique_ptr<Kernel>(std::make_unique<MixFfnKernel>(std::move(weights)));
}

}  // namespace segforge
