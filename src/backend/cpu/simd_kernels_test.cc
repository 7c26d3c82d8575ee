// The makers: a node of a graph becomes a kernel that finds its constants, shapes and scratch. The reference
// backend is the oracle; the arithmetic itself is tested beside each kernel.
#include "backend/cpu/simd_kernels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "backend/cpu/each_target_test.h"
#include "backend/cpu/kernel_test_util.h"

namespace segforge {
namespace {

class SimdKernels : public testing::Test {
 protected:
  NodeId Input(const Shape& shape) {
    DimShape dims(shape.dims().begin(), shape.dims().end());
    inputs_.push_back(Tensor::From<float>(shape, RandomFloats(shape.elems(), ++seed_)));
    return graph_.AddInput("x", {DType::kF32, dims});
  }
  NodeId Constant(const Shape& shape) {
    return graph_.AddConstant("w", Tensor::From<float>(shape, RandomFloats(shape.elems(), ++seed_)));
  }
  Node Add(Op op, std::vector<NodeId> inputs, Attributes attributes = NoAttrs()) {
    Result<NodeId> node = graph_.Add(op, "node", std::move(inputs), std::move(attributes));
    EXPECT_TRUE(node.ok()) << node.status().message();
    return graph_.node(node.value());
  }

  std::vector<float> Run(const Kernel& kernel, const Node& node) {
    ThreadPool pool(2);
    std::vector<ConstTensorView> views;
    std::vector<Shape> shapes;
    for (const Tensor& input : inputs_) {
      views.push_back(input.view());
      shapes.push_back(input.shape());
    }
    Tensor output(DType::kF32, Evaluate(node.type.shape, {}));
    const AlignedBuffer scratch(kernel.ScratchBytes(shapes, pool.threads()));
    kernel.Run({.inputs = views, .output = output.view(), .scratch = scratch.data(), .pool = &pool});
    const auto values = output.span<float>();
    return {values.begin(), values.end()};
  }

  void ExpectLikeReference(KernelMaker make, const Node& node) {
    auto reference = MakeRefBackend().Find(node.op)->make(graph_, node);
    ASSERT_TRUE(reference.ok()) << reference.status().message();
    const auto expected = Run(**reference, node);
    const std::vector<double> exact(expected.begin(), expected.end());
    auto kernel = make(graph_, node);
    ASSERT_TRUE(kernel.ok()) << kernel.status().message();
    ForEachCpuTarget([&] { ExpectClose(Run(**kernel, node), exact, 5e-6); });
  }

  Graph graph_;
  std::vector<Tensor> inputs_;
  uint32_t seed_ = 0;
};

TEST_F(SimdKernels, LayerNorm) {
  const NodeId x = Input({2, 3, 5, 40});
  ExpectLikeReference(MakeCpuLayerNorm,
                      Add(Op::kLayerNorm, {x, Constant({40}), Constant({40})}, LayerNormAttrs{1e-6f}));
}

TEST_F(SimdKernels, DepthwiseConvWithAndWithoutGelu) {
  const NodeId x = Input({2, 5, 6, 20}), w = Constant({3, 3, 20}), b = Constant({20});
  for (Op op : {Op::kDepthwiseConv2d, Op::kDepthwiseConvGelu})
    ExpectLikeReference(MakeCpuDepthwiseConv, Add(op, {x, w, b}, Conv2dAttrs{.stride = 1, .pad = 1}));
}

TEST_F(SimdKernels, DepthwiseConvOfAnotherSizeIsRefused) {
  const NodeId x = Input({1, 5, 6, 4});
  const Node node = Add(Op::kDepthwiseConv2d, {x, Constant({5, 5, 4}), Constant({4})}, Conv2dAttrs{1, 2});
  const auto kernel = MakeCpuDepthwiseConv(graph_, node);
  ASSERT_FALSE(kernel.ok());
  EXPECT_THAT(kernel.status().message(), testing::HasSubstr("5 x 5"));
}

TEST_F(SimdKernels, ComputedWeightsAreRefused) {
  const NodeId x = Input({1, 5, 6, 4}), gamma = Input({4});
  const Node node = Add(Op::kLayerNorm, {x, gamma, Constant({4})}, LayerNormAttrs());
  const auto kernel = MakeCpuLayerNorm(graph_, node);
  ASSERT_FALSE(kernel.ok());
  EXPECT_THAT(kernel.status().message(), testing::HasSubstr("input 1"));
}

TEST_F(SimdKernels, Unary) {
  const NodeId x = Input({3, 7, 11});
  ExpectLikeReference(MakeCpuUnary, Add(Op::kGelu, {x}));
  ExpectLikeReference(MakeCpuUnary, Add(Op::kRelu, {x}));
  ExpectLikeReference(MakeCpuUnary, Add(Op::kErf, {x}));
}

TEST_F(SimdKernels, ErfIsRightNearZeroAndFarFromIt) {
  inputs_.push_back(Tensor::From<float>(
      {12}, std::vector<float>{0, -0.0f, 1e-20f, -1e-6f, 0.1f, 0.4999f, 0.5f, -0.75f, 1, -2, 3.9f, 100}));
  const NodeId x = graph_.AddInput("x", {DType::kF32, {12}});
  const Node node = Add(Op::kErf, {x});
  const auto kernel = MakeCpuUnary(graph_, node);
  ForEachCpuTarget([&] {
    const std::vector<float> y = Run(**kernel, node);
    for (size_t i = 0; i < y.size(); ++i) {
      const double exact = std::erf(static_cast<double>(inputs_[0].span<float>()[i]));
      EXPECT_NEAR(static_cast<double>(y[i]), exact, 3e-7 * std::abs(exact) + (i > 5 ? 2.5e-7 : 0)) << i;
    }
  });
}

TEST_F(SimdKernels, RowsAndTheirMeans) {
  const NodeId x = Input({3, 50, 41});
  const Node mean = Add(Op::kReduceMean, {x});
  ExpectLikeReference(MakeCpuReduceMean, mean);
  const NodeId column = Input({3, 50, 1});
  for (const Op op : {Op::kAdd, Op::kSub, Op::kMul, Op::kDiv})
    ExpectLikeReference(MakeCpuBinary, Add(op, {x, column}));
}

TEST_F(SimdKernels, Softmax) {
  const NodeId x = Input({3, 5, 37});
  ExpectLikeReference(MakeCpuSoftmax, Add(Op::kSoftmax, {x}));
}

TEST_F(SimdKernels, MatMul) {
  const NodeId a = Input({2, 3, 19, 7}), b = Input({2, 3, 7, 21});
  ExpectLikeReference(MakeCpuMatMul, Add(Op::kMatMul, {a, b}, MatMulAttrs{false}));
}

TEST_F(SimdKernels, MatMulOfATransposed) {
  const NodeId a = Input({2, 3, 70, 7}), b = Input({2, 3, 21, 7});
  ExpectLikeReference(MakeCpuMatMul, Add(Op::kMatMul, {a, b}, MatMulAttrs{true}));
}

TEST_F(SimdKernels, BinaryOfAnotherBroadcast) {
  const NodeId x = Input({3, 5, 7});
  const NodeId middle = Input({3, 1, 7});
  ExpectLikeReference(MakeCpuBinary, Add(Op::kSub, {x, middle}));
}

TEST_F(SimdKernels, BinaryOfTwoMaps) {
  const NodeId a = Input({2, 100, 101}), b = Input({2, 100, 101});
  ExpectLikeReference(MakeCpuBinary, Add(Op::kAdd, {a, b}));
  ExpectLikeReference(MakeCpuBinary, Add(Op::kMul, {a, b}));
  ExpectLikeReference(MakeCpuBinary, Add(Op::kSub, {a, b}));
}

TEST_F(SimdKernels, BinaryRepeatsAConstant) {
  const NodeId a = Input({5, 60, 70});
  for (const Shape& shape : {Shape{1}, {70}, {60, 70}, {5, 60, 70}}) {
    ExpectLikeReference(MakeCpuBinary, Add(Op::kAdd, {a, Constant(shape)}));
    ExpectLikeReference(MakeCpuBinary, Add(Op::kMul, {a, Constant(shape)}));
  }
}

TEST_F(SimdKernels, ResizeBilinear) {
  const NodeId x = Input({2, 5, 6, 19});
  ExpectLikeReference(MakeCpuResizeBilinear, Add(Op::kResizeBilinear, {x}, ResizeAttrs{9, 14}));
  ExpectLikeReference(MakeCpuResizeBilinear, Add(Op::kResizeBilinear, {x}, ResizeAttrs{3, 2}));
}

TEST_F(SimdKernels, UpsampleSum) {
  const NodeId a = Input({2, 9, 8, 24}), b = Input({2, 5, 4, 24}), c = Input({2, 3, 2, 24}),
               d = Input({2, 2, 1, 24});
  for (Activation activation : {Activation::kNone, Activation::kRelu, Activation::kGelu})
    ExpectLikeReference(MakeCpuUpsampleSum,
                        Add(Op::kUpsampleSum, {a, b, c, d}, UpsampleSumAttrs{activation}));
}

}  // namespace
}  // namespace segforge
