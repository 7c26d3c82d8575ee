// Linear and LinearEpilogue: y[t, :] = activation(W x[t, :] + b + residual[t, :]).
#include "backend/cpu/constants.h"
#include "backend/cpu/gemm.h"
#include "backend/cpu/kernels.h"

namespace segforge {
namespace {

class LinearKernel final : public Kernel {
 public:
  LinearKernel(PackedWeights weights, Activation activation, bool has_residual)
      : weights_(std::move(weights)), activation_(activation), has_residual_(has_residual) {}

  bool MayOverwrite(size_t index) const override { return has_residual_ && index == 1; }

  void Run(const KernelArgs& args) const override {
    const int64_t rows = args.output.shape.elems() / weights_.n;
    GemmOutput out = {.data = args.output.as<float>(), .row_stride = weights_.n, .activation = activation_};
    if (has_residual_) {
      out.residual = args.inputs[1].as<float>();
      out.residual_stride = weights_.n;
    }
    Gemm(DenseRows(args.inputs[0].as<float>(), weights_.k), rows, weights_, out, *args.pool);
  }

 private:
  PackedWeights weights_;
  Activation activation_;
  bool has_residual_;
};

}  // namespace

Result<std::unique_ptr<Kernel>> MakeCpuLinear(const Graph& graph, const Node& node) {
  LinearEpilogueAttrs attrs = {.has_bias = node.inputs.size() == 3};
  if (node.op == Op::kLinearEpilogue) attrs = node.as<LinearEpilogueAttrs>();
  SEGFORGE_ASSIGN_OR_RETURN(const auto weights, SharedConstant(graph, node, 1));
  const float* bias = nullptr;
  if (attrs.has_bias) {
    SEGFORGE_ASSIGN_OR_RETURN(const auto constant, SharedConstant(graph, node, 2));
    bias = constant->span<float>().data();  // the graph outlives this call
  }
  return std::unique_ptr<Kernel>(
      std::make_unique<LinearKernel>(PackMatrix(*weights, bias), attrs.activation, attrs.has_residual));
}

}  // namespace segforge
