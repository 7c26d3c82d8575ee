#include "backend/cuda/kernels.h"
#include "backend/cuda/mix_ffn.h"
#include "backend/cuda/mix_ffn_weights.h"
#include "backend/cuda/product.h"

namespace segforge::cuda {
namespace {

struct DeviceWeights {
  DeviceBuffer w1, taps, w2, b2;
};

class MixFfnKernel final : public Kernel {
 public:
  MixFfnKernel(DeviceWeights weights, int hidden, float eps, Precision precision)
      : weights_(std::move(weights)), hidden_(hidden), eps_(eps), precision_(precision) {}

  void Run(const KernelArgs& args) const override {
    const Shape& shape = args.output.shape;
    MixFfnArgs ffn;
    ffn.x = args.inputs[0].data;
    ffn.w1 = weights_.w1.data();
    ffn.taps = weights_.taps.as<uint32_t>();
    ffn.w2 = weights_.w2.data();
    ffn.b2 = weights_.b2.as<float>();
    ffn.y = args.output.data;
    ffn.n = static_cast<int>(shape[0]);
    ffn.height = static_cast<int>(shape[1]);
    ffn.width = static_cast<int>(shape[2]);
    ffn.channels = static_cast<int>(shape[3]);
    ffn.hidden = hidden_;
    ffn.eps = eps_;
    LaunchMixFfn(precision_, ffn, StreamOf(args));
  }

 private:
  DeviceWeights weights_;
  int hidden_;
  float eps_;
  Precision precision_;
};

}  // namespace

bool TakesMixFfn(const Graph& graph, const Node& node) {
  const Tensor* w1 = graph.ConstantInput(node, 3);
  return w1 != nullptr && FusesMixFfn(node.precision, w1->shape()[1], w1->shape()[0]);
}

MadeKernel MakeMixFfn(const Graph& graph, const Node& node) {
  constexpr size_t kTensors = 9;
  std::span<const float> tensors[kTensors];
  for (size_t i = 1; i < kTensors; ++i) {
    const Tensor* constant = graph.ConstantInput(node, i);
    if (constant == nullptr) return Unsupported("{}: weights must be constants", node.name);
    tensors[i] = constant->span<float>();
  }
  if (!TakesMixFfn(graph, node)) {
    return Unsupported("{}: this GPU has no kernel for the whole feed-forward half; build it anew here",
                       node.name);
  }
  const auto& [x, gamma, beta, w1, b1, wd, bd, w2, b2] = tensors;
  const PackedMixFfn packed = PackMixFfn({gamma, beta, w1, b1, wd, bd, w2}, node.precision);
  DeviceWeights weights;
  SEGFORGE_ASSIGN_OR_RETURN(weights.w1, UploadAs(node.precision, packed.w1, node.name));
  SEGFORGE_ASSIGN_OR_RETURN(weights.w2, UploadAs(node.precision, packed.w2, node.name));
  SEGFORGE_ASSIGN_OR_RETURN(
      weights.taps,
      DeviceBuffer::Upload(packed.taps.data(), packed.taps.size() * sizeof(uint32_t), node.name));
  SEGFORGE_ASSIGN_OR_RETURN(weights.b2, DeviceBuffer::Upload(b2.data(), b2.size_bytes(), node.name));
  return std::unique_ptr<Kernel>(std::make_unique<MixFfnKernel>(
      std::move(weights), static_cast<int>(b1.size()), node.as<MixFfnAttrs>().eps, node.precision));
}

}  // namespace segforge::cuda
