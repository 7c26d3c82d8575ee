#include "ir/op_table.h"

#include <array>
#include <limits>

#include "ir/infer.h"

namespace segforge {
namespace {

using Shapes = std::span<const Shape>;

template <typename Attrs, size_t kIndex = 0>
constexpr size_t IndexOf() {
  if constexpr (std::is_same_v<std::variant_alternative_t<kIndex, Attributes>, Attrs>) {
    return kIndex;
  } else {
    return IndexOf<Attrs, kIndex + 1>();
  }
}

// w [Co, kh, kw, Ci]
int64_t ConvMacs(Shapes inputs, const Shape& output, const Attributes&) {
  return output.elems() * inputs[1][1] * inputs[1][2] * inputs[1][3];
}
// w [kh, kw, C]
int64_t DepthwiseMacs(Shapes inputs, const Shape& output, const Attributes&) {
  return output.elems() * inputs[1][0] * inputs[1][1];
}
int64_t LinearMacs(Shapes inputs, const Shape& output, const Attributes&) {
  return output.elems() * inputs[0].back();
}
// q k^T and p v, each Nq * Nk * C.
int64_t AttentionMacs(Shapes inputs, const Shape& output, const Attributes&) {
  return 2 * output.elems() * inputs[1][1] * inputs[1][2];
}
// fc1, the 3 x 3 convolution, fc2.
int64_t MixFfnMacs(Shapes inputs, const Shape& output, const Attributes&) {
  const int64_t c = output.back(), f = inputs[3][0];
  return output.elems() / std::max<int64_t>(c, 1) * (2 * c * f + 9 * f);
}

// Both products; the resized maps are additions.
int64_t DecodeHeadMacs(Shapes inputs, const Shape& output, const Attributes&) {
  return output.elems() / std::max<int64_t>(output.back(), 1) * (inputs[1].elems() + inputs[3].elems());
}

constexpr int kAny = std::numeric_limits<int>::max();
constexpr size_t kNone = IndexOf<NoAttrs>();
constexpr size_t kConv = IndexOf<Conv2dAttrs>();

constexpr std::array<OpRow, static_cast<size_t>(Op::kCount)> kRows = {{
    {Op::kInput, "Input", 0, 0, kNone, nullptr, nullptr},
    {Op::kConstant, "Constant", 0, 0, kNone, nullptr, nullptr},
    {Op::kConv2d, "Conv2d", 3, 3, kConv, InferConv2d, ConvMacs},
    {Op::kDepthwiseConv2d, "DepthwiseConv2d", 3, 3, kConv, InferDepthwiseConv2d, DepthwiseMacs},
    {Op::kLinear, "Linear", 2, 3, kNone, InferLinear, LinearMacs},
    {Op::kLayerNorm, "LayerNorm", 3, 3, IndexOf<LayerNormAttrs>(), InferLayerNorm, nullptr},
    {Op::kBatchNorm, "BatchNorm", 5, 5, IndexOf<BatchNormAttrs>(), InferBatchNorm, nullptr},
    {Op::kGelu, "Gelu", 1, 1, kNone, InferUnary, nullptr},
    {Op::kRelu, "Relu", 1, 1, kNone, InferUnary, nullptr},
    {Op::kAdd, "Add", 2, 2, kNone, InferBinary, nullptr},
    {Op::kSub, "Sub", 2, 2, kNone, InferBinary, nullptr},
    {Op::kMul, "Mul", 2, 2, kNone, InferBinary, nullptr},
    {Op::kDiv, "Div", 2, 2, kNone, InferBinary, nullptr},
    {Op::kPow, "Pow", 2, 2, kNone, InferBinary, nullptr},
    {Op::kSqrt, "Sqrt", 1, 1, kNone, InferUnary, nullptr},
    {Op::kErf, "Erf", 1, 1, kNone, InferUnary, nullptr},
    {Op::kReduceMean, "ReduceMean", 1, 1, kNone, InferReduceMean, nullptr},
    {Op::kMatMul, "MatMul", 2, 2, IndexOf<MatMulAttrs>(), InferMatMul, LinearMacs},
    {Op::kSoftmax, "Softmax", 1, 1, kNone, InferUnary, nullptr},
    {Op::kReshape, "Reshape", 1, 1, IndexOf<ReshapeAttrs>(), InferReshape, nullptr},
    {Op::kTranspose, "Transpose", 1, 1, IndexOf<TransposeAttrs>(), InferTranspose, nullptr},
    {Op::kConcat, "Concat", 1, kAny, kNone, InferConcat, nullptr},
    {Op::kResizeBilinear, "ResizeBilinear", 1, 1, IndexOf<ResizeAttrs>(), InferResizeBilinear, nullptr},
    {Op::kLinearEpilogue, "LinearEpilogue", 2, 4, IndexOf<LinearEpilogueAttrs>(), InferLinearEpilogue,
     LinearMacs},
    {Op::kPatchLinear, "PatchLinear", 3, 3, kConv, InferPatchLinear, ConvMacs},
    {Op::kAttention, "Attention", 2, 2, IndexOf<AttentionAttrs>(), InferAttention, AttentionMacs},
    {Op::kDepthwiseConvGelu, "DepthwiseConvGelu", 3, 3, kConv, InferDepthwiseConv2d, DepthwiseMacs},
    {Op::kMixFfn, "MixFfn", 9, 9, IndexOf<MixFfnAttrs>(), InferMixFfn, MixFfnMacs},
    {Op::kUpsampleSum, "UpsampleSum", 1, kAny, IndexOf<UpsampleSumAttrs>(), InferUpsampleSum, nullptr},
    {Op::kDecodeHead, "DecodeHead", 6, kAny, kNone, InferDecodeHead, DecodeHeadMacs},
    {Op::kCast, "Cast", 1, 1, IndexOf<CastAttrs>(), InferCast, nullptr},
}};

constexpr bool RowsAreInOrder() {
  for (size_t i = 0; i < kRows.size(); ++i) {
    if (kRows[i].op != static_cast<Op>(i)) return false;
  }
  return true;
}
static_assert(RowsAreInOrder(), "RowOf indexes the table by op");

}  // namespace

const OpRow& RowOf(Op op) { return kRows[static_cast<size_t>(op)]; }

std::string_view NameOf(Op op) { return RowOf(op).name; }

}  // namespace segforge
