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
    return MixFfnScratchBytes(MapOf(inputs[0]), weights_.fc1.n, threads);
  }

  void Run(const KernelArgs& args) const override {
    MixFfn(MapOf(args.inputs[0].shape), weights_, args.inputs[0].as<float>(), args.output.as<float>(),
           args.scratch, *args.pool);
  }

 private:
  MixFfnWeights weights_;
};

}  // namespace

Result<std::unique_ptr<Kernel>> MakeCpuMixFfn(const Graph& graph, const Node& node) {
  std::shared_ptr<const Tensor> inputs[9];  // x, gamma, beta, w1, b1, wd, bd, w2, b2
  for (size_t i = 1; i < std::size(inputs); ++i) {
    SEGFORGE_ASSIGN_OR_RETURN(inputs[i], SharedConstant(graph, node, i));
  }
  return std::unique_ptr<Kernel>(std::make_unique<MixFfnKernel>(
      MixFfnWeights{.gamma = inputs[1],
                    .beta = inputs[2],
                    .fc1 = PackMatrix(*inputs[3], inputs[4]->span<float>().data()),
                    .fc2 = PackMatrix(*inputs[7], inputs[8]->span<float>().data()),
                    .depthwise = inputs[5],
                    .depthwise_bias = inputs[6],
                    .eps = node.as<MixFfnAttrs>().eps}));
}

}  // namespace segforge
