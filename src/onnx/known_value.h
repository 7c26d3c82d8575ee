// Known values of an ONNX graph: weights, and the whole numbers that shapes are computed with.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/tensor.h"
#include "formats/onnx.h"

namespace segforge {

struct KnownValue {
  ConstTensorView view;
  std::shared_ptr<const Tensor> owner;  // null where the file itself holds the bytes

  static KnownValue Of(Tensor tensor);
  static KnownValue Of(const std::vector<int64_t>& numbers);  // i64 [count]
};

// The elements, of which there may be 4096: what shape arithmetic is made of is never longer. Whole numbers
// come through exactly up to 2^53; larger ones mean "to the end", and stay larger than any size.
Result<std::vector<double>> SmallValues(const KnownValue& constant);
// The same for sizes, axes and indices: fails on floats.
Result<std::vector<int64_t>> WholeNumbers(const KnownValue& constant);

// The value where there is one element, of any type but f64 alone.
std::optional<double> ScalarOf(const KnownValue& constant);

// A node of known inputs (null where one is left out), or nullopt where its operator is not one of those that
// shapes are computed with.
Result<std::optional<KnownValue>> Fold(const OnnxNode& node, const std::vector<const KnownValue*>& inputs);

// [a, b, ..] with axes moved, in f32.
Tensor Permuted(const ConstTensorView& source, std::span<const int64_t> permutation);

// What a Constant gives, in any of the forms of its attribute; empty where it is not of numbers.
std::optional<KnownValue> ConstantOf(const OnnxNode& node);

}  // namespace segforge
