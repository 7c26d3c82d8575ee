// The table of the reference backend, and the one kernel class behind it.
#include <algorithm>
#include <iterator>

#include "backend/ref/ops.h"

namespace segforge {
namespace ref {
namespace {

struct RefOp {
  Op op;
  std::string_view name;
  void (*run)(const Call& call);
  uint32_t may_overwrite = 0;  // bit i: the output may be the memory of input i of the node
  int64_t (*scratch_doubles)(std::span<const Shape> inputs, int threads) = nullptr;
};

// An operation may overwrite an input when it reads no element of it again after writing over that element.
constexpr uint32_t kFirst = 1u << 0;
constexpr uint32_t kFirstOrSecond = kFirst | 1u << 1;
constexpr uint32_t kResidual = 1u << 2 | 1u << 3;  // comes after x, w and perhaps a bias

constexpr RefOp kOps[] = {
    {Op::kConv2d, "ref.conv2d", Conv2d},
    {Op::kDepthwiseConv2d, "ref.depthwise_conv2d", DepthwiseConv2d},
    {Op::kLinear, "ref.linear", Linear},
    {Op::kLayerNorm, "ref.layer_norm", LayerNorm, kFirst},
    {Op::kBatchNorm, "ref.batch_norm", BatchNorm, kFirst},
    {Op::kGelu, "ref.gelu", Gelu, kFirst},
    {Op::kRelu, "ref.relu", Relu, kFirst},
    {Op::kAdd, "ref.add", Add, kFirstOrSecond},
    {Op::kSub, "ref.sub", Sub, kFirstOrSecond},
    {Op::kMul, "ref.mul", Mul, kFirstOrSecond},
    {Op::kDiv, "ref.div", Div, kFirstOrSecond},
    {Op::kPow, "ref.pow", Pow, kFirstOrSecond},
    {Op::kSqrt, "ref.sqrt", Sqrt, kFirst},
    {Op::kErf, "ref.erf", Erf, kFirst},
    {Op::kReduceMean, "ref.reduce_mean", ReduceMean},
    {Op::kMatMul, "ref.matmul", MatMul},
    {Op::kSoftmax, "ref.softmax", Softmax, kFirst},
    {Op::kReshape, "ref.reshape", Reshape, kFirst},
    {Op::kTranspose, "ref.transpose", Transpose},
    {Op::kConcat, "ref.concat", Concat},
    {Op::kResizeBilinear, "ref.resize_bilinear", ResizeBilinear},
    {Op::kLinearEpilogue, "ref.linear_epilogue", LinearEpilogue, kResidual},
    {Op::kPatchLinear, "ref.patch_linear", Conv2d},
    {Op::kAttention, "ref.attention", Attention, 0, AttentionScratch},
    {Op::kDepthwiseConvGelu, "ref.depthwise_conv_gelu", DepthwiseConvGelu},
    {Op::kMixFfn, "ref.mix_ffn", MixFfn, kFirst, MixFfnScratch},
    {Op::kUpsampleSum, "ref.upsample_sum", UpsampleSum, kFirst},
    {Op::kDecodeHead, "ref.decode_head", DecodeHead, 0, DecodeHeadScratch},
    {Op::kCast, "ref.cast", Cast},
};

class RefKernel : public Kernel {
 public:
  RefKernel(const RefOp& op, const Attributes& attributes, std::vector<Operand> operands)
      : op_(op), attributes_(attributes), operands_(std::move(operands)) {}

  size_t ScratchBytes(std::span<const Shape> computed, int threads) const override {
    if (op_.scratch_doubles == nullptr) return 0;
    std::vector<Shape> shapes;
    for (const Operand& operand : operands_) {
      shapes.push_back(operand.constant != nullptr ? operand.constant->shape() : computed[operand.computed]);
    }
    return static_cast<size_t>(op_.scratch_doubles(shapes, threads)) * sizeof(double);
  }

  bool MayOverwrite(size_t index) const override {
    for (size_t input = 0; input < operands_.size(); ++input) {
      if (operands_[input].constant == nullptr && operands_[input].computed == index) {
        return input < 32 && (op_.may_overwrite >> input & 1u) != 0;
      }
    }
    return false;
  }

  void Run(const KernelArgs& args) const override { op_.run(Call(operands_, attributes_, args)); }

 private:
  const RefOp& op_;
  Attributes attributes_;
  std::vector<Operand> operands_;
};

// Cast alone reads and gives what is not f32.
Status CheckTypes(const Graph& graph, const Node& node) {
  const auto computes_in = [&](DType dtype) {
    return dtype == DType::kF32 || (node.op == Op::kCast && (dtype == DType::kF16 || dtype == DType::kBF16));
  };
  for (const NodeId id : node.inputs) {
    const Node& input = graph.node(id);
    if (computes_in(input.type.dtype)) continue;
    return Unsupported("{}: the reference backend computes in f32, \"{}\" is {}", node.name, input.name,
                       NameOf(input.type.dtype));
  }
  if (computes_in(node.type.dtype)) return Status();
  return Unsupported("{}: the reference backend computes in f32, not {}", node.name, NameOf(node.type.dtype));
}

Result<std::unique_ptr<Kernel>> MakeKernel(const Graph& graph, const Node& node) {
  const RefOp* op = std::ranges::find(kOps, node.op, &RefOp::op);
  SEGFORGE_CHECK(op != std::end(kOps));
  SEGFORGE_RETURN_IF_ERROR(CheckTypes(graph, node));
  std::vector<Operand> operands;
  size_t computed = 0;
  for (const NodeId id : node.inputs) {
    const Node& input = graph.node(id);
    operands.push_back(input.op == Op::kConstant ? Operand{input.constant, 0} : Operand{nullptr, computed++});
  }
  return std::unique_ptr<Kernel>(std::make_unique<RefKernel>(*op, node.attributes, std::move(operands)));
}

}  // namespace
}  // namespace ref

Backend MakeRefBackend() {
  std::vector<KernelRow> rows;
  for (const ref::RefOp& op : ref::kOps) rows.push_back({op.op, op.name, ref::MakeKernel});
  BackendTraits traits;
  traits.labels = RefUpsampleArgmax;
  return Backend("ref", std::move(rows), std::move(traits));
}

}  // namespace segforge
