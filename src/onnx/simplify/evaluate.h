// What nodes of constant inputs give.
#pragma once

#include "onnx/simplify/infer.h"

namespace segforge::simplify {

// A folded constant is never larger than this and what it is made of.
constexpr int64_t kMaxGrowthBytes = int64_t{16} << 20;
// More elements than anything that a model computes from constants alone.
constexpr int64_t kMaxElems = int64_t{1} << 28;

// The outputs of a node all of whose inputs are constants: floating-point numbers computed in double and
// rounded once, whole numbers as they wrap around. Empty for operators that are not known, for what has no
// value (a division by 0), and for results that are too large to be kept. Memory is bounded before it is
// taken. Fails where there would be more than kMaxElems elements.
Result<std::vector<KnownValue>> Evaluate(const NodeView& view);

// One table a file: moves of elements; number by number; products and reductions. Each fills the tensors,
// which have type and shape; false where there is no value.
using Evaluation = bool (*)(const NodeView& view, std::span<Tensor> outputs);
struct EvaluationEntry {
  std::string_view op;
  Evaluation evaluate;
};
std::span<const EvaluationEntry> MoveEvaluations();
std::span<const EvaluationEntry> NumberEvaluations();
std::span<const EvaluationEntry> LayerEvaluations();

}  // namespace segforge::simplify
