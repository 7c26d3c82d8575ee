// LayerNorm, Gelu, Relu, Add and Cast.
#include <algorithm>

#include "backend/cuda/kernels.h"
#include "backend/cuda/product.h"
#include "backend/cuda/row_ops.h"

namespace segforge::cuda {
namespace {

class LayerNormKernel final : public Kernel {
 public:
  LayerNormKernel(DeviceBuffer gamma, DeviceBuffer beta, float eps)
      : gamma_(std::move(gamma)), beta_(std::move(beta)), eps_(eps) {}

  bool MayOverwrite(size_t) const override { return true; }

  void Run(const KernelArgs& args) const override {
    const Shape& shape = args.output.shape;
    const LayerNormArgs norm = {.x = args.inputs[0].data,
                                .gamma = gamma_.as<float>(),
                                .beta = beta_.as<float>(),
                                .y = args.output.data,
                                .rows = shape.elems() / shape.back(),
                                .channels = static_cast<int>(shape.back()),
                                .eps = eps_};
    LaunchLayerNorm(args.output.dtype, norm, StreamOf(args));
  }

 private:
  DeviceBuffer gamma_, beta_;
  float eps_;
};

class ActivationKernel final : public Kernel {
 public:
  explicit ActivationKernel(Activation activation) : activation_(activation) {}
  bool MayOverwrite(size_t) const override { return true; }
  void Run(const KernelArgs& args) const override {
    LaunchActivation(args.output.dtype, activation_, args.inputs[0].data, args.output.data,
                     args.output.shape.elems(), StreamOf(args));
  }

 private:
  Activation activation_;
};

class AddKernel final : public Kernel {
 public:
  explicit AddKernel(DeviceBuffer constant) : constant_(std::move(constant)) {}
  bool MayOverwrite(size_t) const override { return true; }
  void Run(const KernelArgs& args) const override {
    AddArgs add;
    add.a = args.inputs[0].data;
    add.y = args.output.data;
    add.elems = args.output.shape.elems();
    add.b_is_float = constant_.data() != nullptr;
    add.b = add.b_is_float ? constant_.data() : args.inputs[1].data;
    add.b_elems = add.b_is_float ? static_cast<int64_t>(constant_.bytes() / sizeof(float))
                                 : args.inputs[1].shape.elems();
    LaunchAdd(args.output.dtype, add, StreamOf(args));
  }

 private:
  DeviceBuffer constant_;  // empty where both are computed
};

// b repeats over the leading axes of a: its shape, but for ones in front, is the end of a's.
bool IsSuffix(const DimShape& b, const DimShape& a) {
  size_t axis = 0;
  while (axis < b.size() && b[axis] == Dim(1)) ++axis;
  const auto rest = static_cast<std::ptrdiff_t>(b.size() - axis);
  return rest <= static_cast<std::ptrdiff_t>(a.size()) && std::equal(b.end() - rest, b.end(), a.end() - rest);
}

class CastKernel final : public Kernel {
 public:
  void Run(const KernelArgs& args) const override {
    LaunchCast(args.inputs[0].dtype, args.output.dtype, args.inputs[0].data, args.output.data,
               args.output.shape.elems(), StreamOf(args));
  }
};

}  // namespace

MadeKernel MakeLayerNorm(const Graph& graph, const Node& node) {
  const Tensor* gamma = graph.ConstantInput(node, 1);
  const Tensor* beta = graph.ConstantInput(node, 2);
  if (gamma == nullptr || beta == nullptr)
    return Unsupported("{}: gamma and beta must be constants", node.name);
  SEGFORGE_ASSIGN_OR_RETURN(DeviceBuffer gamma_copy, UploadFloats(*gamma, node.name));
  SEGFORGE_ASSIGN_OR_RETURN(DeviceBuffer beta_copy, UploadFloats(*beta, node.name));
  return std::unique_ptr<Kernel>(std::make_unique<LayerNormKernel>(
      std::move(gamma_copy), std::move(beta_copy), node.as<LayerNormAttrs>().eps));
}

MadeKernel MakeActivation(const Graph&, const Node& node) {
  const Activation activation = node.op == Op::kGelu ? Activation::kGelu : Activation::kRelu;
  return std::unique_ptr<Kernel>(std::make_unique<ActivationKernel>(activation));
}

MadeKernel MakeAdd(const Graph& graph, const Node& node) {
  if (graph.ConstantInput(node, 0) != nullptr ||
      !IsSuffix(graph.node(node.inputs[1]).type.shape, node.type.shape)) {
    return MakeBinary(graph, node);
  }
  const Tensor* constant = graph.ConstantInput(node, 1);
  DeviceBuffer copy;
  if (constant != nullptr) {
    SEGFORGE_ASSIGN_OR_RETURN(copy, UploadFloats(*constant, node.name));
  }
  return std::unique_ptr<Kernel>(std::make_unique<AddKernel>(std::move(copy)));
}

MadeKernel MakeCast(const Graph&, const Node&) {
  return std::unique_ptr<Kernel>(std::make_unique<CastKernel>());
}

}  // namespace segforge::cuda
