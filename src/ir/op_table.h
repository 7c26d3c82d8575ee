// One row an op: printer, verifier, profiler and the cost model read it.
#pragma once

#include <span>
#include <string_view>

#include "ir/graph.h"

namespace segforge {

struct OpRow {
  Op op;
  std::string_view name;
  int min_inputs;
  int max_inputs;
  size_t attributes;  // the variant index that the attributes must have
  // The type of the result, or what does not fit. Inputs and attribute kind were already checked against the
  // row.
  Result<ValueType> (*infer)(std::span<const Node* const> inputs, const Attributes& attributes);
  // Multiply-adds at concrete shapes; null where the op has none.
  int64_t (*macs)(std::span<const Shape> inputs, const Shape& output, const Attributes& attributes);
};

const OpRow& RowOf(Op op);

}  // namespace segforge
