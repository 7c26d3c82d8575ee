// A graph bound to a backend: one kernel for each computed node, for any input size. It keeps neither the
// graph nor its weights, but what the kernels hold of them.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "backend/kernel.h"

namespace segforge {

using ValueId = size_t;  // index into Program::values

struct Instruction {
  Op op = Op::kInput;
  std::string name;              // of the node
  std::string value;             // of the node: the published value that it yields, or ""
  std::string_view kernel_name;  // "cpu.gemm"
  std::unique_ptr<const Kernel> kernel;
  Attributes attributes;
  Precision precision = Precision::kFp32;
  std::vector<ValueId> inputs;      // the computed ones
  std::vector<ValueType> operands;  // types of all inputs, constants included
  ValueId output = 0;
};

struct Program {
  std::vector<ValueType> values;
  std::vector<ValueId> inputs;  // in the order in which they were added to the graph
  std::vector<ValueId> outputs;
  std::vector<Instruction> instructions;  // each after those that it reads
};

// Fails when the graph does not verify, names an op that the backend does not offer, or has a constant as an
// output.
Result<std::shared_ptr<const Program>> Compile(const Graph& graph, const Backend& backend);

}  // namespace segforge
