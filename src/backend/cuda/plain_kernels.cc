// Binds the nodes of plain_ops.h, and Reshape.
#include <array>
#include <cmath>

#include "backend/cuda/kernels.h"
#include "backend/cuda/plain_ops.h"
#include "backend/cuda/product.h"
#include "backend/cuda/row_ops.h"

namespace segforge::cuda {
namespace {

class UnaryKernel final : public Kernel {
 public:
  explicit UnaryKernel(Op op) : op_(op) {}
  bool MayOverwrite(size_t) const override { return true; }
  void Run(const KernelArgs& args) const override {
    LaunchUnary(args.output.dtype, op_, args.inputs[0].data, args.output.data, args.output.shape.elems(),
                StreamOf(args));
  }

 private:
  Op op_;
};

class BinaryKernel final : public Kernel {
 public:
  BinaryKernel(Op op, DeviceBuffer constant, Shape constant_shape)
      : op_(op), constant_(std::move(constant)), constant_shape_(constant_shape) {}

  bool MayOverwrite(size_t index) const override { return index == 0; }

  void Run(const KernelArgs& args) const override {
    const Shape& shape = args.output.shape;
    BinaryArgs binary;
    binary.a = args.inputs[0].data;
    binary.b_is_float = constant_.data() != nullptr;
    binary.b = binary.b_is_float ? constant_.data() : args.inputs[1].data;
    binary.y = args.output.data;
    binary.elems = shape.elems();
    binary.axes = shape.rank();
    const Shape& b = binary.b_is_float ? constant_shape_ : args.inputs[1].shape;
    const int missing = shape.rank() - b.rank();
    int64_t stride = 1;
    for (int axis = shape.rank() - 1; axis >= 0; --axis) {
      const int64_t side = axis < missing ? 1 : b[axis - missing];
      binary.sides[axis] = shape[axis];
      binary.b_strides[axis] = side == 1 ? 0 : stride;
      stride *= side;
    }
    LaunchBinary(args.output.dtype, op_, binary, StreamOf(args));
  }

 private:
  Op op_;
  DeviceBuffer constant_;  // f32; empty where b is computed
  Shape constant_shape_;
};

class BatchNormKernel final : public Kernel {
 public:
  BatchNormKernel(DeviceBuffer mean, DeviceBuffer scale, DeviceBuffer beta)
      : mean_(std::move(mean)), scale_(std::move(scale)), beta_(std::move(beta)) {}

  bool MayOverwrite(size_t) const override { return true; }

  void Run(const KernelArgs& args) const override {
    BatchNormArgs norm;
    norm.x = args.inputs[0].data;
    norm.mean = mean_.as<float>();
    norm.scale = scale_.as<float>();
    norm.beta = beta_.as<float>();
    norm.y = args.output.data;
    norm.elems = args.output.shape.elems();
    norm.channels = args.output.shape.back();
    LaunchBatchNorm(args.output.dtype, norm, StreamOf(args));
  }

 private:
  DeviceBuffer mean_, scale_, beta_;
};

class RowKernel final : public Kernel {
 public:
  explicit RowKernel(Op op) : op_(op) {}
  bool MayOverwrite(size_t) const override { return op_ == Op::kSoftmax; }
  void Run(const KernelArgs& args) const override {
    const ConstTensorView& x = args.inputs[0];
    const int64_t channels = x.shape.back(), rows = x.shape.elems() / channels;
    const auto launch = op_ == Op::kSoftmax ? LaunchSoftmax : LaunchReduceMean;
    launch(x.dtype, x.data, args.output.data, rows, static_cast<int>(channels), StreamOf(args));
  }

 private:
  Op op_;
};

class MatMulKernel final : public Kernel {
 public:
  explicit MatMulKernel(bool transpose_b) : transpose_b_(transpose_b) {}
  void Run(const KernelArgs& args) const override {
    const Shape& shape = args.output.shape;
    MatMulArgs product;
    product.a = args.inputs[0].data;
    product.b = args.inputs[1].data;
    product.y = args.output.data;
    product.m = shape[shape.rank() - 2];
    product.n = shape.back();
    product.k = args.inputs[0].shape.back();
    product.batch = shape.elems() / (product.m * product.n);
    product.transpose_b = transpose_b_;
    LaunchMatMul(args.output.dtype, product, StreamOf(args));
  }

 private:
  bool transpose_b_;
};

// y's axis i is x's axis permutation[i].
class TransposeKernel final : public Kernel {
 public:
  explicit TransposeKernel(std::vector<int> permutation) : permutation_(std::move(permutation)) {}
  void Run(const KernelArgs& args) const override {
    const Shape &x = args.inputs[0].shape, &y = args.output.shape;
    std::array<int64_t, kMaxAxes> strides = {};
    int64_t stride = 1;
    for (int axis = x.rank() - 1; axis >= 0; --axis) {
      strides[static_cast<size_t>(axis)] = stride;
      stride *= x[axis];
    }
    TransposeArgs transpose;
    transpose.x = args.inputs[0].data;
    transpose.y = args.output.data;
    transpose.elems = y.elems();
    transpose.axes = y.rank();
    for (int axis = 0; axis < y.rank(); ++axis) {
      transpose.sides[axis] = y[axis];
      transpose.x_strides[axis] = strides[static_cast<size_t>(permutation_[static_cast<size_t>(axis)])];
    }
    LaunchTranspose(args.output.dtype, transpose, StreamOf(args));
  }

 private:
  std::vector<int> permutation_;
};

class ConcatKernel final : public Kernel {
 public:
  void Run(const KernelArgs& args) const override {
    ConcatArgs concat;
    concat.y = args.output.data;
    concat.width = args.output.shape.back();
    concat.rows = args.output.shape.elems() / concat.width;
    for (const ConstTensorView& input : args.inputs) {
      concat.x = input.data;
      concat.part = input.shape.back();
      LaunchConcat(args.output.dtype, concat, StreamOf(args));
      concat.first += concat.part;
    }
  }
};

class ReshapeKernel final : public Kernel {
 public:
  bool MayOverwrite(size_t) const override { return true; }
  void Run(const KernelArgs& args) const override {
    if (args.inputs[0].data == args.output.data) return;
    LaunchCast(args.output.dtype, args.output.dtype, args.inputs[0].data, args.output.data,
               args.output.shape.elems(), StreamOf(args));
  }
};

// All inputs are computed but for those that the kernel takes as constants.
Status CheckComputed(const Graph& graph, const Node& node) {
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (graph.ConstantInput(node, i) == nullptr) continue;
    return Unsupported("{}: on a GPU, input {} of {} is computed, not a constant", node.name, i,
                       NameOf(node.op));
  }
  return Status();
}

}  // namespace

MadeKernel MakeUnary(const Graph& graph, const Node& node) {
  SEGFORGE_RETURN_IF_ERROR(CheckComputed(graph, node));
  return std::unique_ptr<Kernel>(std::make_unique<UnaryKernel>(node.op));
}

MadeKernel MakeBinary(const Graph& graph, const Node& node) {
  if (graph.ConstantInput(node, 0) != nullptr) {
    return Unsupported("{}: on a GPU, the first input of {} is computed, not a constant", node.name,
                       NameOf(node.op));
  }
  const Tensor* constant = graph.ConstantInput(node, 1);
  if (constant == nullptr)
    return std::unique_ptr<Kernel>(std::make_unique<BinaryKernel>(node.op, DeviceBuffer(), Shape()));
  SEGFORGE_ASSIGN_OR_RETURN(DeviceBuffer copy, UploadFloats(*constant, node.name));
  return std::unique_ptr<Kernel>(std::make_unique<BinaryKernel>(node.op, std::move(copy), constant->shape()));
}

MadeKernel MakeBatchNorm(const Graph& graph, const Node& node) {
  std::array<const Tensor*, 5> constants = {};
  for (size_t i = 1; i < constants.size(); ++i) {
    constants[i] = graph.ConstantInput(node, i);
    if (constants[i] == nullptr) return Unsupported("{}: parameters must be constants", node.name);
  }
  Tensor scale(DType::kF32, constants[1]->shape());
  const double eps = static_cast<double>(node.as<BatchNormAttrs>().eps);
  for (size_t c = 0; c < scale.span<float>().size(); ++c) {
    const double variance = static_cast<double>(constants[4]->span<float>()[c]);
    const double gamma = static_cast<double>(constants[1]->span<float>()[c]);
    scale.span<float>()[c] = static_cast<float>(gamma / std::sqrt(variance + eps));
  }
  SEGFORGE_ASSIGN_OR_RETURN(DeviceBuffer mean, UploadFloats(*constants[3], node.name));
  SEGFORGE_ASSIGN_OR_RETURN(DeviceBuffer scales, UploadFloats(scale, node.name));
  SEGFORGE_ASSIGN_OR_RETURN(DeviceBuffer beta, UploadFloats(*constants[2], node.name));
  return std::unique_ptr<Kernel>(
      std::make_unique<BatchNormKernel>(std::move(mean), std::move(scales), std::move(beta)));
}

MadeKernel MakeRows(const Graph& graph, const Node& node) {
  SEGFORGE_RETURN_IF_ERROR(CheckComputed(graph, node));
  return std::unique_ptr<Kernel>(std::make_unique<RowKernel>(node.op));
}

MadeKernel MakeMatMul(const Graph& graph, const Node& node) {
  SEGFORGE_RETURN_IF_ERROR(CheckComputed(graph, node));
  return std::unique_ptr<Kernel>(std::make_unique<MatMulKernel>(node.as<MatMulAttrs>().transpose_b));
}

MadeKernel MakeTranspose(const Graph& graph, const Node& node) {
  SEGFORGE_RETURN_IF_ERROR(CheckComputed(graph, node));
  return std::unique_ptr<Kernel>(std::make_unique<TransposeKernel>(node.as<TransposeAttrs>().permutation));
}

MadeKernel MakeConcat(const Graph& graph, const Node& node) {
  SEGFORGE_RETURN_IF_ERROR(CheckComputed(graph, node));
  return std::unique_ptr<Kernel>(std::make_unique<ConcatKernel>());
}

MadeKernel MakeReshape(const Graph& graph, const Node& node) {
  SEGFORGE_RETURN_IF_ERROR(CheckComputed(graph, node));
  return std::unique_ptr<Kernel>(std::make_unique<ReshapeKernel>());
}

}  // namespace segforge::cuda
