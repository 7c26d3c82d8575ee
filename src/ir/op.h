// The operations of the graph and their attributes. Feature maps are [N, H, W, C] throughout: a transformer's
// tokens are the pixels of such a map, so the graph needs no reshape between convolution and attention.
#pragma once

#include <cstdint>
#include <string_view>
#include <variant>
#include <vector>

#include "base/dtype.h"
#include "ir/activation.h"
#include "ir/dim.h"

namespace segforge {

enum class Op : uint8_t {
  kInput,
  kConstant,
  // As published
  kConv2d,           // x [N,H,W,Ci], w [Co,kh,kw,Ci], b [Co] -> [N,H',W',Co]             Conv2dAttrs
  kDepthwiseConv2d,  // x [N,H,W,C], w [kh,kw,C], b [C] -> [N,H,W,C], stride 1, same size  Conv2dAttrs
  kLinear,           // x [..,Ci], w [Co,Ci], b [Co] (optional) -> [..,Co]
  kLayerNorm,        // x [..,C], gamma [C], beta [C] -> [..,C]                            LayerNormAttrs
  kBatchNorm,        // x [..,C], gamma, beta, mean, variance [C] -> [..,C]                BatchNormAttrs
  kGelu,             // exact: x * Phi(x)
  kRelu,
  kAdd,  // a, b of equal shape, or b a constant that broadcasts over leading axes
  kSub,
  kMul,
  kDiv,
  kPow,
  kSqrt,
  kErf,
  kReduceMean,      // over the last axis, kept: [..,C] -> [..,1]
  kMatMul,          // a [..,M,K], b [..,K,N] (or [..,N,K] when transpose_b) -> [..,M,N]  MatMulAttrs
  kSoftmax,         // over the last axis
  kReshape,         //                                                                    ReshapeAttrs
  kTranspose,       //                                                                    TransposeAttrs
  kConcat,          // any number of inputs, along the last axis
  kResizeBilinear,  // x [N,h,w,C] -> [N,h',w',C], half-pixel centres (align_corners = false)  ResizeAttrs
  // Made by passes
  kLinearEpilogue,  // Linear, then + residual (optional last input), then an activation  LinearEpilogueAttrs
  kPatchLinear,  // Conv2d whose kernel equals its stride, without padding: a Linear over patches  Conv2dAttrs
  kAttention,    // q [N,H,W,C], kv [N,h,w,2C] (keys, then values) -> [N,H,W,C]        AttentionAttrs
  kDepthwiseConvGelu,  // DepthwiseConv2d, then Gelu                                       Conv2dAttrs
  kMixFfn,             // the whole feed-forward half of a block, see MixFfnAttrs
  kUpsampleSum,        // x0 [N,H,W,C] + sum of the others, each resized to H x W -> relu     UpsampleSumAttrs
  // w2 relu(w1 x + b1 + sum of the maps, each resized to H x W) + b2: a folded head from its largest stage on
  kDecodeHead,  // x [N,H,W,Ci], w1 [D,Ci], b1 [D], w2 [K,D], b2 [K], maps [N,h,w,D] .. -> [N,H,W,K]
  kCast,        // x of any float type -> the same numbers, rounded to another          CastAttrs
  kCount,
};

struct NoAttrs {
  friend bool operator==(const NoAttrs&, const NoAttrs&) = default;
};
struct Conv2dAttrs {
  int64_t stride = 1;
  int64_t pad = 0;
  friend bool operator==(const Conv2dAttrs&, const Conv2dAttrs&) = default;
};
struct LayerNormAttrs {
  float eps = 1e-5f;
  friend bool operator==(const LayerNormAttrs&, const LayerNormAttrs&) = default;
};
struct BatchNormAttrs {
  float eps = 1e-5f;
  friend bool operator==(const BatchNormAttrs&, const BatchNormAttrs&) = default;
};
struct MatMulAttrs {
  bool transpose_b = false;
  friend bool operator==(const MatMulAttrs&, const MatMulAttrs&) = default;
};
struct ReshapeAttrs {
  DimShape shape;
  friend bool operator==(const ReshapeAttrs&, const ReshapeAttrs&) = default;
};
struct TransposeAttrs {
  std::vector<int> permutation;
  friend bool operator==(const TransposeAttrs&, const TransposeAttrs&) = default;
};
struct ResizeAttrs {
  Dim height = 0;
  Dim width = 0;
  friend bool operator==(const ResizeAttrs&, const ResizeAttrs&) = default;
};
struct LinearEpilogueAttrs {
  bool has_bias = true;  // inputs are x, w, [b], [residual]
  bool has_residual = false;
  Activation activation = Activation::kNone;
  friend bool operator==(const LinearEpilogueAttrs&, const LinearEpilogueAttrs&) = default;
};
struct AttentionAttrs {
  int64_t heads = 1;
  float scale = 1;  // multiplies q k^T; 1 once it is folded into the weights of q
  friend bool operator==(const AttentionAttrs&, const AttentionAttrs&) = default;
};
// y = x + fc2(gelu(dwconv3x3(fc1(LayerNorm(x)))))
// inputs: x [N,H,W,C], gamma [C], beta [C], w1 [F,C], b1 [F], wd [3,3,F], bd [F], w2 [C,F], b2 [C]
struct MixFfnAttrs {
  float eps = 1e-5f;
  friend bool operator==(const MixFfnAttrs&, const MixFfnAttrs&) = default;
};
struct CastAttrs {
  DType to = DType::kF32;  // a float type
  friend bool operator==(const CastAttrs&, const CastAttrs&) = default;
};
struct UpsampleSumAttrs {
  Activation activation = Activation::kNone;
  friend bool operator==(const UpsampleSumAttrs&, const UpsampleSumAttrs&) = default;
};

using Attributes = std::variant<NoAttrs, Conv2dAttrs, LayerNormAttrs, BatchNormAttrs, MatMulAttrs,
                                ReshapeAttrs, TransposeAttrs, ResizeAttrs, LinearEpilogueAttrs,
                                AttentionAttrs, MixFfnAttrs, UpsampleSumAttrs, CastAttrs>;

std::string_view NameOf(Op op);  // "LayerNorm"

}  // namespace segforge
