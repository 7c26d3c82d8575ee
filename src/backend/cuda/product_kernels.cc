// Linear, LinearEpilogue, Conv2d and PatchLinear: y = activation(W x + b + residual).
#include <algorithm>
#include <mutex>

#include "backend/cuda/handles.h"
#include "backend/cuda/kernels.h"
#include "backend/cuda/product.h"

namespace segforge::cuda {
namespace {

Product::Call CallOf(const KernelArgs& args, bool has_residual) {
  Product::Call call;
  call.x = args.inputs[0].data;
  call.residual = has_residual ? args.inputs[1].data : nullptr;
  call.y = args.output.data;
  call.scratch = args.scratch;
  call.stream = StreamOf(args);
  return call;
}

// The product with one of its tilings.
class TiledProduct final : public Kernel {
 public:
  TiledProduct(const Product& product, bool has_residual, GemmTiling tiling)
      : product_(product), has_residual_(has_residual), tiling_(tiling) {}

  size_t ScratchBytes(std::span<const Shape> inputs, int) const override {
    return static_cast<size_t>(product_.ScratchBytes(inputs[0], &tiling_));
  }
  bool MayOverwrite(size_t index) const override { return has_residual_ && index == 1; }

  void Run(const KernelArgs& args) const override {
    Product::Call call = CallOf(args, has_residual_);
    call.tiling = &tiling_;
    product_.Launch(args.inputs[0].shape, call);
  }

 private:
  const Product& product_;
  bool has_residual_;
  GemmTiling tiling_;
};

// The product by an algorithm of cuBLASLt; should that refuse to run, as without it.
class CublasLtKernel final : public Kernel {
 public:
  CublasLtKernel(const Product& product, bool has_residual, CublasLtProduct algorithm,
                 std::shared_ptr<const Product::PlainWeights> weights)
      : product_(product),
        has_residual_(has_residual),
        algorithm_(std::move(algorithm)),
        weights_(std::move(weights)) {}

  size_t ScratchBytes(std::span<const Shape> inputs, int) const override {
    return static_cast<size_t>(std::max(algorithm_.workspace_bytes(), product_.ScratchBytes(inputs[0])));
  }
  bool MayOverwrite(size_t index) const override { return has_residual_ && index == 1; }

  void Run(const KernelArgs& args) const override {
    const Product::Call call = CallOf(args, has_residual_);
    if (algorithm_.Launch(call.x, call.residual, call.y, call.scratch, call.stream)) return;
    product_.Launch(args.inputs[0].shape, call);
  }

 private:
  const Product& product_;
  bool has_residual_;
  CublasLtProduct algorithm_;
  std::shared_ptr<const Product::PlainWeights> weights_;  // that the algorithm reads
};

class ProductKernel final : public Kernel {
 public:
  // On the current device.
  ProductKernel(std::string name, Product product, bool has_residual)
      : name_(std::move(name)), product_(std::move(product)), has_residual_(has_residual) {
    static_cast<void>(cudaGetDevice(&device_));
  }

  size_t ScratchBytes(std::span<const Shape> inputs, int) const override {
    return static_cast<size_t>(product_.ScratchBytes(inputs[0]));
  }
  bool MayOverwrite(size_t index) const override { return has_residual_ && index == 1; }

  void Run(const KernelArgs& args) const override {
    product_.Launch(args.inputs[0].shape, CallOf(args, has_residual_));
  }

  std::vector<std::string> Tactics(std::span<const Shape> inputs) const override {
    const DeviceScope scope(device_);
    if (scope.error() != cudaSuccess) return {};
    std::vector<std::string> names;
    for (const GemmTiling& tiling : product_.Tilings(inputs[0])) names.push_back(NameOf(tiling));
    if (const auto problem = CublasLtOf(inputs[0])) {
      for (std::string& name : CublasLtAlgorithms(*problem)) names.push_back(std::move(name));
    }
    return names;
  }

  Result<std::unique_ptr<const Kernel>> WithTactic(std::span<const Shape> inputs,
                                                   std::string_view tactic) const override {
    const DeviceScope scope(device_);
    SEGFORGE_RETURN_IF_CUDA_ERROR(scope.error(), name_);
    for (const GemmTiling& tiling : product_.Tilings(inputs[0])) {
      if (NameOf(tiling) != tactic) continue;
      return std::unique_ptr<const Kernel>(std::make_unique<TiledProduct>(product_, has_residual_, tiling));
    }
    auto problem = CublasLtOf(inputs[0]);
    if (!problem) return Kernel::WithTactic(inputs, tactic);
    SEGFORGE_ASSIGN_OR_RETURN(std::shared_ptr<const Product::PlainWeights> weights, Plain());
    problem->w = weights->weight.data();
    if (product_.bias() != nullptr) problem->bias = weights->bias.data();
    SEGFORGE_ASSIGN_OR_RETURN(CublasLtProduct algorithm, CublasLtProduct::Make(*problem, tactic));
    return std::unique_ptr<const Kernel>(
        std::make_unique<CublasLtKernel>(product_, has_residual_, std::move(algorithm), std::move(weights)));
  }

 private:
  std::optional<CublasLtProblem> CublasLtOf(const Shape& x) const {
    auto problem = product_.AsCublasLt(x);
    if (problem) problem->bias = product_.bias();  // of the right length, which is all that is asked at first
    return problem;
  }

  // Made once for all that need them, and gone with the last of these.
  Result<std::shared_ptr<const Product::PlainWeights>> Plain() const {
    const std::lock_guard lock(mutex_);
    if (auto known = plain_.lock()) return known;
    SEGFORGE_ASSIGN_OR_RETURN(Product::PlainWeights weights, product_.Unpack(name_));
    auto made = std::make_shared<const Product::PlainWeights>(std::move(weights));
    plain_ = made;
    return made;
  }

  std::string name_;
  Product product_;
  bool has_residual_;
  int device_ = 0;
  mutable std::mutex mutex_;  // guards plain_
  mutable std::weak_ptr<const Product::PlainWeights> plain_;
};

}  // namespace

MadeKernel MakeLinear(const Graph& graph, const Node& node) {
  LinearEpilogueAttrs attrs = {.has_bias = node.inputs.size() == 3};
  if (node.op == Op::kLinearEpilogue) attrs = node.as<LinearEpilogueAttrs>();
  SEGFORGE_ASSIGN_OR_RETURN(Product product, Product::Make(graph, node, attrs.has_bias, attrs.activation));
  return std::unique_ptr<Kernel>(
      std::make_unique<ProductKernel>(node.name, std::move(product), attrs.has_residual));
}

MadeKernel MakeConv2d(const Graph& graph, const Node& node) {
  SEGFORGE_ASSIGN_OR_RETURN(Product product,
                            Product::Make(graph, node, true, Activation::kNone, node.as<Conv2dAttrs>()));
  return std::unique_ptr<Kernel>(std::make_unique<ProductKernel>(node.name, std::move(product), false));
}

}  // namespace segforge::cuda
