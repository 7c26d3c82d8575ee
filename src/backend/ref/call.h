// What a reference operation sees of one run: all inputs of its node in order, constants among them.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "backend/kernel.h"

namespace segforge::ref {

// Where an input of a node comes from: a constant, or the next of the computed inputs.
struct Operand {
  std::shared_ptr<const Tensor> constant;  // null when computed
  size_t computed = 0;                     // index among the computed inputs
};

class Call {
 public:
  Call(std::span<const Operand> operands, const Attributes& attributes, const KernelArgs& args)
      : operands_(operands), attributes_(attributes), args_(args) {}

  size_t inputs() const { return operands_.size(); }
  ConstTensorView input(size_t index) const {
    const Operand& operand = operands_[index];
    return operand.constant != nullptr ? operand.constant->view() : args_.inputs[operand.computed];
  }
  const Shape& shape(size_t index) const {
    const Operand& operand = operands_[index];
    return operand.constant != nullptr ? operand.constant->shape() : args_.inputs[operand.computed].shape;
  }
  const float* floats(size_t index) const { return input(index).as<float>(); }
  // Null for an input that the node does not have, such as a missing bias.
  const float* floats_or_null(size_t index) const { return index < inputs() ? floats(index) : nullptr; }

  const Shape& output_shape() const { return args_.output.shape; }
  const TensorView& output_view() const { return args_.output; }
  float* output() const { return args_.output.as<float>(); }

  template <typename Attrs>
  const Attrs& as() const {
    return std::get<Attrs>(attributes_);
  }
  double* scratch() const { return reinterpret_cast<double*>(args_.scratch); }
  ThreadPool& pool() const { return *args_.pool; }

 private:
  std::span<const Operand> operands_;
  const Attributes& attributes_;
  const KernelArgs& args_;
};

// Elements before the last axis: the rows of [.., C].
inline int64_t Rows(const Shape& shape) { return shape.elems() / shape.back(); }

}  // namespace segforge::ref
