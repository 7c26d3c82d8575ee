#include <array>

#include "backend/cpu/constants.h"
#include "backend/cpu/decode_head.h"
#include "backend/cpu/kernels.h"

namespace segforge {
namespace {

class DecodeHeadKernel final : public Kernel {
 public:
  explicit DecodeHeadKernel(DecodeHeadWeights weights) : weights_(std::move(weights)) {}

  size_t ScratchBytes(std::span<const Shape> inputs, int threads) const override {
    std::array<ResizeSource, kMaxResizeSources> maps;
    for (size_t i = 1; i < inputs.size(); ++i) maps[i - 1] = {nullptr, inputs[i][1], inputs[i][2]};
    return DecodeHeadScratchBytes({maps.data(), inputs.size() - 1}, weights_, threads);
  }

  void Run(const KernelArgs& args) const override {
    std::array<ResizeSource, kMaxResizeSources> maps;
    for (size_t i = 1; i < args.inputs.size(); ++i) {
      const ConstTensorView& map = args.inputs[i];
      maps[i - 1] = {map.as<float>(), map.shape[1], map.shape[2]};
    }
    const Shape& shape = args.output.shape;
    DecodeHead({.x = args.inputs[0].as<float>(),
                .maps = {maps.data(), args.inputs.size() - 1},
                .y = args.output.as<float>(),
                .batch = shape[0],
                .height = shape[1],
                .width = shape[2],
                .scratch = args.scratch},
               weights_, *args.pool);
  }

 private:
  DecodeHeadWeights weights_;
};

}  // namespace

Result<std::unique_ptr<Kernel>> MakeCpuDecodeHead(const Graph& graph, const Node& node) {
  constexpr size_t kFirstMap = 5;  // after x, w1, b1, w2, b2
  if (node.inputs.size() - kFirstMap > kMaxResizeSources) {
    return Unsupported("{}: expected at most {} maps on the CPU backend, got {}", node.name,
                       kMaxResizeSources, node.inputs.size() - kFirstMap);
  }
  for (size_t i = 0; i < node.inputs.size(); i = i == 0 ? kFirstMap : i + 1) {
    if (graph.ConstantInput(node, i) != nullptr) {
      return Unsupported("{}: input {} must not be a constant on the CPU backend", node.name, i);
    }
  }
  std::shared_ptr<const Tensor> weights[4];
  for (size_t i = 0; i < std::size(weights); ++i) {
    SEGFORGE_ASSIGN_OR_RETURN(weights[i], SharedConstant(graph, node, i + 1));
  }
  return std::unique_ptr<Kernel>(std::make_unique<DecodeHeadKernel>(
      DecodeHeadWeights{PackMatrix(*weights[0], weights[1]->span<float>().data()),
                        PackMatrix(*weights[2], weights[3]->span<float>().data())}));
}

}  // namespace segforge
