#include "backend/cpu/attention.h"
#include "backend/cpu/kernels.h"

namespace segforge {
namespace {

class AttentionKernel final : public Kernel {
 public:
  explicit AttentionKernel(const AttentionAttrs& attrs) : attrs_(attrs) {}

  size_t ScratchBytes(std::span<const Shape> inputs, int threads) const override {
    return AttentionScratchBytes(ShapeOf(inputs[0], inputs[1]), threads);
  }

  void Run(const KernelArgs& args) const override {
    Attention(ShapeOf(args.inputs[0].shape, args.inputs[1].shape), args.inputs[0].as<float>(),
              args.inputs[1].as<float>(), args.output.as<float>(), args.scratch, *args.pool);
  }

 private:
  AttentionShape ShapeOf(const Shape& q, const Shape& kv) const {
    return {.batch = q[0],
            .queries = q[1] * q[2],
            .keys = kv[1] * kv[2],
            .heads = attrs_.heads,
            .head_width = q[3] / attrs_.heads,
            .scale = attrs_.scale};
  }

  AttentionAttrs attrs_;
};

}  // namespace

Result<std::unique_ptr<Kernel>> MakeCpuAttention(const Graph&, const Node& node) {
  return std::unique_ptr<Kernel>(std::make_unique<AttentionKernel>(node.as<AttentionAttrs>()));
}

}  // namespace segforge
