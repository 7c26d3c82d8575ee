// The reference operations. Each one computes call.output() as ir/op.h describes it, in float64, and rounds
// once to f32 (Cast to the type that it gives). Scratch sizes are in doubles and take the shapes of all
// inputs of a node, constants included.
#pragma once

#include "backend/ref/call.h"

namespace segforge::ref {

void Conv2d(const Call& call);  // and PatchLinear
void DepthwiseConv2d(const Call& call);
void DepthwiseConvGelu(const Call& call);
void Linear(const Call& call);
void LinearEpilogue(const Call& call);
void MatMul(const Call& call);

void LayerNorm(const Call& call);
void BatchNorm(const Call& call);
void Softmax(const Call& call);
void ReduceMean(const Call& call);

void Gelu(const Call& call);
void Relu(const Call& call);
void Sqrt(const Call& call);
void Erf(const Call& call);
void Add(const Call& call);
void Sub(const Call& call);
void Mul(const Call& call);
void Div(const Call& call);
void Pow(const Call& call);

void Reshape(const Call& call);
void Transpose(const Call& call);
void Concat(const Call& call);
void ResizeBilinear(const Call& call);
void UpsampleSum(const Call& call);
void Cast(const Call& call);

void Attention(const Call& call);
int64_t AttentionScratch(std::span<const Shape> inputs, int threads);
void MixFfn(const Call& call);
int64_t MixFfnScratch(std::span<const Shape> inputs, int threads);
void DecodeHead(const Call& call);
int64_t DecodeHeadScratch(std::span<const Shape> inputs, int threads);

}  // namespace segforge::ref
