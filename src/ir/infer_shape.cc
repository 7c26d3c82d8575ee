#include <algorithm>

#include "ir/infer.h"

namespace segforge {

Status ExpectRank(std::string_view what, const DimShape& shape, size_t rank) {
  if (shape.size() == rank) return Status();
  return InvalidInput("{}: expected {} axes, got {}", what, rank, ToString(shape));
}

Status ExpectShape(std::string_view what, const DimShape& shape, const DimShape& expected) {
  if (shape == expected) return Status();
  return InvalidInput("{}: expected {}, got {}", what, ToString(expected), ToString(shape));
}

Status ExpectMap(size_t input, const DimShape& shape, const Dim& batch, const Dim& channels) {
  if (shape.size() == 4 && shape[0] == batch && shape[3] == channels) return Status();
  return InvalidInput("input {}: expected [{}, .., .., {}], got {}", input, batch.ToString(),
                      channels.ToString(), ToString(shape));
}

Result<ValueType> InferReduceMean(InferInputs inputs, const Attributes&) {
  ValueType type = inputs[0]->type;
  if (type.shape.empty()) return InvalidInput("x: expected at least 1 axis, got a scalar");
  type.shape.back() = 1;
  return type;
}

Result<ValueType> InferReshape(InferInputs inputs, const Attributes& attributes) {
  const DimShape& from = inputs[0]->type.shape;
  const DimShape& to = std::get<ReshapeAttrs>(attributes).shape;
  const auto elems = [](const DimShape& shape) {
    Dim product = 1;
    for (const Dim& dim : shape) product = product * dim;
    return product;
  };
  if (!(elems(from) == elems(to))) {
    return InvalidInput("shape {}: expected as many elements as x {} has", ToString(to), ToString(from));
  }
  return ValueType{inputs[0]->type.dtype, to};
}

Result<ValueType> InferTranspose(InferInputs inputs, const Attributes& attributes) {
  const std::vector<int>& permutation = std::get<TransposeAttrs>(attributes).permutation;
  const DimShape& from = inputs[0]->type.shape;
  std::vector<int> sorted = permutation;
  std::sort(sorted.begin(), sorted.end());
  bool valid = sorted.size() == from.size();
  for (size_t i = 0; valid && i < sorted.size(); ++i) valid = sorted[i] == static_cast<int>(i);
  if (!valid) return InvalidInput("permutation: expected each axis of x {} once", ToString(from));
  ValueType type = inputs[0]->type;
  for (size_t i = 0; i < permutation.size(); ++i) type.shape[i] = from[static_cast<size_t>(permutation[i])];
  return type;
}

Result<ValueType> InferConcat(InferInputs inputs, const Attributes&) {
  ValueType type = inputs[0]->type;
  if (type.shape.empty()) return InvalidInput("input 0: expected at least 1 axis, got a scalar");
  for (size_t i = 1; i < inputs.size(); ++i) {
    const DimShape& shape = inputs[i]->type.shape;
    if (shape.size() != type.shape.size() ||
        !std::equal(shape.begin(), shape.end() - 1, type.shape.begin())) {
      return InvalidInput("input {}: expected {} but for the last axis, got {}", i,
                          ToString(inputs[0]->type.shape), ToString(shape));
    }
    type.shape.back() = type.shape.back() + shape.back();
  }
  return type;
}

Result<ValueType> InferResizeBilinear(InferInputs inputs, const Attributes& attributes) {
  const auto& resize = std::get<ResizeAttrs>(attributes);
  ValueType type = inputs[0]->type;
  SEGFORGE_RETURN_IF_ERROR(ExpectRank("x", type.shape, 4));
  for (const Dim& dim : {resize.height, resize.width}) {
    if (dim.is_constant() && dim.constant() < 1)
      return InvalidInput("size: expected at least 1, got {}", dim.constant());
  }
  type.shape[1] = resize.height;
  type.shape[2] = resize.width;
  return type;
}

Result<ValueType> InferUpsampleSum(InferInputs inputs, const Attributes&) {
  const ValueType& type = inputs[0]->type;
  SEGFORGE_RETURN_IF_ERROR(ExpectRank("input 0", type.shape, 4));
  for (size_t i = 1; i < inputs.size(); ++i) {
    SEGFORGE_RETURN_IF_ERROR(ExpectMap(i, inputs[i]->type.shape, type.shape[0], type.shape[3]));
  }
  return type;
}

}  // namespace segforge
