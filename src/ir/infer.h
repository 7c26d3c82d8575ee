// The shape rules of the op table, grouped in infer_*.cc by kind of op. Each gives the shape of the result or
// says what does not fit; the number of inputs, their element types and the attribute kind were checked
// before. The element type of the result is type_check.cc's.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "ir/graph.h"

namespace segforge {

using InferInputs = std::span<const Node* const>;

// Elementwise: y has the shape of the first input.
Result<ValueType> InferUnary(InferInputs inputs, const Attributes& attributes);
Result<ValueType> InferBinary(InferInputs inputs, const Attributes& attributes);
Result<ValueType> InferLayerNorm(InferInputs inputs, const Attributes& attributes);
Result<ValueType> InferBatchNorm(InferInputs inputs, const Attributes& attributes);
Result<ValueType> InferCast(InferInputs inputs, const Attributes& attributes);
// Shapes and sizes.
Result<ValueType> InferReduceMean(InferInputs inputs, const Attributes& attributes);
Result<ValueType> InferReshape(InferInputs inputs, const Attributes& attributes);
Result<ValueType> InferTranspose(InferInputs inputs, const Attributes& attributes);
Result<ValueType> InferConcat(InferInputs inputs, const Attributes& attributes);
Result<ValueType> InferResizeBilinear(InferInputs inputs, const Attributes& attributes);
Result<ValueType> InferUpsampleSum(InferInputs inputs, const Attributes& attributes);
// Products.
Result<ValueType> InferConv2d(InferInputs inputs, const Attributes& attributes);
Result<ValueType> InferPatchLinear(InferInputs inputs, const Attributes& attributes);
Result<ValueType> InferDepthwiseConv2d(InferInputs inputs, const Attributes& attributes);
Result<ValueType> InferLinear(InferInputs inputs, const Attributes& attributes);
Result<ValueType> InferLinearEpilogue(InferInputs inputs, const Attributes& attributes);
Result<ValueType> InferMatMul(InferInputs inputs, const Attributes& attributes);
Result<ValueType> InferAttention(InferInputs inputs, const Attributes& attributes);
Result<ValueType> InferMixFfn(InferInputs inputs, const Attributes& attributes);
Result<ValueType> InferDecodeHead(InferInputs inputs, const Attributes& attributes);

// Shared by the rules; errors read "weight: expected [32, 64], got [32, 32]".
Status ExpectRank(std::string_view what, const DimShape& shape, size_t rank);
Status ExpectShape(std::string_view what, const DimShape& shape, const DimShape& expected);
// [batch, any, any, channels]
Status ExpectMap(size_t input, const DimShape& shape, const Dim& batch, const Dim& channels);

}  // namespace segforge
