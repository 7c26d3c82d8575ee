// Linear, LinearEpilogue, Conv2d and PatchLinear: y = activation(W x + b + residual).
#include "backend/cuda/kernels.h"
#include "backend/cuda/product.h"

namespace segforge::cuda {
namespace {

class ProductKernel final : public Kernel {
 public:
  ProductKernel(Product product, bool has_residual)
      : product_(std::move(product)), has_residual_(has_residual) {}

  size_t ScratchBytes(std::span<const Shape> inputs, int) const override {
    return static_cast<size_t>(product_.ScratchBytes(inputs[0]));
  }
  bool MayOverwrite(size_t index) const override { return has_residual_ && index == 1; }

  void Run(const KernelArgs& args) const override {
    Product::Call call;
    call.x = args.inputs[0].data;
    call.residual = has_residual_ ? args.inputs[1].data : nullptr;
    call.y = args.output.data;
    call.scratch = args.scratch;
    call.stream = StreamOf(args);
    product_.Launch(args.inputs[0].shape, call);
  }

 private:
  Product product_;
  bool has_residual_;
};

}  // namespace

MadeKernel MakeLinear(const Graph& graph, const Node& node) {
  LinearEpilogueAttrs attrs = {.has_bias = node.inputs.size() == 3};
  if (node.op == Op::kLinearEpilogue) attrs = node.as<LinearEpilogueAttrs>();
  SEGFORGE_ASSIGN_OR_RETURN(Product product, Product::Make(graph, node, attrs.has_bias, attrs.activation));
  return std::unique_ptr<Kernel>(std::make_unique<ProductKernel>(std::move(product), attrs.has_residual));
}

MadeKernel MakeConv2d(const Graph& graph, const Node& node) {
  SEGFORGE_ASSIGN_OR_RETURN(Product product,
                            Product::Make(graph, node, true, Activation::kNone, node.as<Conv2dAttrs>()));
  return std::unique_ptr<Kernel>(std::make_unique<ProductKernel>(std::move(product), false));
}

}  // namespace segforge::cuda
