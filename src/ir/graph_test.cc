#include "ir/graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ir/op_table.h"

namespace segforge {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const ValueType kImage = {DType::kF32, {Dim::N(), Dim::H(), Dim::W(), 3}};

NodeId Constant(Graph& graph, Shape shape) { return graph.AddConstant("c", Tensor(DType::kF32, shape)); }

NodeId Relu(Graph& graph, NodeId x) { return graph.Add(Op::kRelu, "relu", {x}).value(); }

TEST(Graph, LiveNodesComeAfterTheirInputsAndLeaveOutDeadOnes) {
  Graph graph;
  const NodeId x = graph.AddInput("x", kImage);
  const NodeId dead = Relu(graph, x);
  const NodeId a = Relu(graph, x);
  const NodeId b = Relu(graph, a);
  const NodeId sum = graph.Add(Op::kAdd, "sum", {b, a}).value();
  graph.AddOutput("y", sum);
  EXPECT_THAT(graph.LiveNodes(), ElementsAre(x, a, b, sum));
  const auto readers = graph.Readers();
  EXPECT_THAT(readers[static_cast<size_t>(x)], ElementsAre(a));
  EXPECT_THAT(readers[static_cast<size_t>(a)], ElementsAre(b, sum));
  EXPECT_THAT(readers[static_cast<size_t>(dead)], IsEmpty());
  EXPECT_THAT(readers[static_cast<size_t>(sum)], IsEmpty());
  EXPECT_TRUE(graph.IsOutput(sum));
  EXPECT_FALSE(graph.IsOutput(a));
}

TEST(Graph, ReadersCountAnInputThatIsReadTwiceTwice) {
  Graph graph;
  const NodeId x = graph.AddInput("x", kImage);
  const NodeId square = graph.Add(Op::kMul, "square", {x, x}).value();
  graph.AddOutput("y", square);
  EXPECT_THAT(graph.Readers()[static_cast<size_t>(x)], ElementsAre(square, square));
}

TEST(Graph, WalksAGraphDeeperThanTheStack) {
  Graph graph;
  NodeId x = graph.AddInput("x", {DType::kF32, {4}});
  for (int i = 0; i < 300000; ++i) x = Relu(graph, x);
  graph.AddOutput("y", x);
  EXPECT_EQ(graph.LiveNodes().size(), 300001u);
  EXPECT_TRUE(Verify(graph).ok());
}

TEST(Graph, ReplaceKeepsTheNameOfTheValue) {
  Graph graph;
  const NodeId x = graph.AddInput("x", kImage);
  const NodeId published = graph.Add(Op::kRelu, "published", {x}).value();
  graph.AddOutput("y", published);
  graph.NameValues();
  const NodeId made = graph.Add(Op::kRelu, "made", {x}).value();
  const NodeId last = graph.Add(Op::kRelu, "last", {made}).value();
  graph.Replace(published, last);
  EXPECT_EQ(graph.node(last).value, "published");
  EXPECT_EQ(graph.node(last).name, "last");
  EXPECT_EQ(graph.node(made).value, "");
}

TEST(Graph, ReplaceMovesReadersAndOutputs) {
  Graph graph;
  const NodeId x = graph.AddInput("x", kImage);
  const NodeId old = Relu(graph, x);
  const NodeId reader = Relu(graph, old);
  graph.AddOutput("reader", reader);
  graph.AddOutput("old", old);
  const NodeId wrapped = graph.Add(Op::kGelu, "gelu", {old}).value();
  graph.Replace(old, wrapped);
  EXPECT_THAT(graph.node(reader).inputs, ElementsAre(wrapped));
  EXPECT_THAT(graph.node(wrapped).inputs, ElementsAre(old));
  EXPECT_EQ(graph.outputs()[1].value, wrapped);
  EXPECT_TRUE(Verify(graph).ok());
}

TEST(Verify, FindsACycle) {
  Graph graph;
  const NodeId x = graph.AddInput("x", kImage);
  const NodeId a = Relu(graph, x);
  const NodeId b = graph.Add(Op::kGelu, "b", {a}).value();
  const NodeId c = graph.Add(Op::kGelu, "c", {b}).value();
  graph.AddOutput("y", c);
  EXPECT_TRUE(Verify(graph).ok());
  graph.Replace(a, c);
  EXPECT_THAT(Verify(graph).message(), HasSubstr("depends on itself"));
}

TEST(Verify, FindsAnOutputThatIsNoNode) {
  Graph graph;
  graph.AddInput("x", kImage);
  graph.AddOutput("y", 7);
  EXPECT_EQ(Verify(graph).message(), "output \"y\": expected a node below %1, got %7");
}

TEST(Print, ShowsOneLineALiveNode) {
  Graph graph;
  const NodeId x = graph.AddInput("image", kImage);
  Constant(graph, {1});
  const NodeId w = graph.AddConstant("patch.weight", Tensor(DType::kF32, Shape{32, 7, 7, 3}));
  const NodeId b = graph.AddConstant("patch.bias", Tensor(DType::kF32, Shape{32}));
  graph.AddOutput("y", graph.Add(Op::kConv2d, "patch", {x, w, b}, Conv2dAttrs{4, 3}).value());
  EXPECT_EQ(Print(graph),
            "%0 = Input() : f32[N, H, W, 3]  # image\n"
            "%2 = Constant() : f32[32, 7, 7, 3]  # patch.weight\n"
            "%3 = Constant() : f32[32]  # patch.bias\n"
            "%4 = Conv2d(%0, %2, %3) {stride 4, pad 3} : f32[N, ceil(H/4), ceil(W/4), 32]  # patch\n"
            "output y = %4\n");
}

// What Add infers for one op on inputs of these shapes, or its message.
std::string Inferred(Op op, std::initializer_list<DimShape> shapes, Attributes attributes = NoAttrs()) {
  Graph graph;
  std::vector<NodeId> inputs;
  for (const DimShape& shape : shapes) inputs.push_back(graph.AddInput("in", {DType::kF32, shape}));
  const auto id = graph.Add(op, "node", inputs, std::move(attributes));
  return id.ok() ? ToString(graph.node(*id).type.shape) : id.status().message();
}

const Dim n = Dim::N(), h = Dim::H(), w = Dim::W();
const DimShape kMap = {n, h, w, 8};

TEST(OpTable, InfersProducts) {
  EXPECT_EQ(Inferred(Op::kConv2d, {kMap, {16, 3, 3, 8}, {16}}, Conv2dAttrs{2, 1}),
            "[N, ceil(H/2), ceil(W/2), 16]");
  EXPECT_EQ(Inferred(Op::kPatchLinear, {kMap, {16, 4, 4, 8}, {16}}, Conv2dAttrs{4, 0}),
            "[N, floor(H/4), floor(W/4), 16]");
  EXPECT_EQ(Inferred(Op::kDepthwiseConv2d, {kMap, {3, 3, 8}, {8}}, Conv2dAttrs{1, 1}), "[N, H, W, 8]");
  EXPECT_EQ(Inferred(Op::kDepthwiseConvGelu, {kMap, {3, 3, 8}, {8}}, Conv2dAttrs{1, 1}), "[N, H, W, 8]");
  EXPECT_EQ(Inferred(Op::kLinear, {kMap, {5, 8}}), "[N, H, W, 5]");
  EXPECT_EQ(Inferred(Op::kLinear, {kMap, {5, 8}, {5}}), "[N, H, W, 5]");
  EXPECT_EQ(Inferred(Op::kLinearEpilogue, {kMap, {5, 8}, {5}, {n, h, w, 5}}, LinearEpilogueAttrs{true, true}),
            "[N, H, W, 5]");
  EXPECT_EQ(Inferred(Op::kMatMul, {{n, 2, h, 4}, {n, 2, w, 4}}, MatMulAttrs{true}), "[N, 2, H, W]");
  EXPECT_EQ(Inferred(Op::kMatMul, {{n, 2, h, w}, {n, 2, w, 4}}, MatMulAttrs{}), "[N, 2, H, 4]");
  EXPECT_EQ(Inferred(Op::kAttention, {kMap, {n, 3, 4, 16}}, AttentionAttrs{2}), "[N, H, W, 8]");
  EXPECT_EQ(
      Inferred(Op::kMixFfn, {kMap, {8}, {8}, {32, 8}, {32}, {3, 3, 32}, {32}, {8, 32}, {8}}, MixFfnAttrs{}),
      "[N, H, W, 8]");
}

TEST(OpTable, InfersShapes) {
  EXPECT_EQ(Inferred(Op::kReduceMean, {kMap}), "[N, H, W, 1]");
  EXPECT_EQ(Inferred(Op::kSub, {kMap, {n, h, w, 1}}), "[N, H, W, 8]");
  EXPECT_EQ(Inferred(Op::kAdd, {kMap, {8}}), "[N, H, W, 8]");
  EXPECT_EQ(Inferred(Op::kMul, {kMap, {1}}), "[N, H, W, 8]");
  EXPECT_EQ(Inferred(Op::kSoftmax, {kMap}), "[N, H, W, 8]");
  EXPECT_EQ(Inferred(Op::kReshape, {kMap}, ReshapeAttrs{{n, w * h, 2, 4}}), "[N, H*W, 2, 4]");
  EXPECT_EQ(Inferred(Op::kTranspose, {{n, h * w, 2, 4}}, TransposeAttrs{{0, 2, 1, 3}}), "[N, 2, H*W, 4]");
  EXPECT_EQ(Inferred(Op::kConcat, {kMap, {n, h, w, 2}, {n, h, w, 3}}), "[N, H, W, 13]");
  EXPECT_EQ(Inferred(Op::kResizeBilinear, {kMap}, ResizeAttrs{CeilDiv(h, 4), w}), "[N, ceil(H/4), W, 8]");
  EXPECT_EQ(Inferred(Op::kUpsampleSum, {kMap, {n, 2, 3, 8}}, UpsampleSumAttrs{}), "[N, H, W, 8]");
}

TEST(OpTable, SaysWhatDoesNotFit) {
  EXPECT_EQ(Inferred(Op::kLinear, {kMap, {5, 9}}),
            "Linear \"node\": weight [5, 9] needs x [.., 9], got [N, H, W, 8]");
  EXPECT_EQ(Inferred(Op::kLinear, {kMap, {5, 8}, {4}}), "Linear \"node\": bias: expected [5], got [4]");
  EXPECT_EQ(Inferred(Op::kLinear, {kMap}), "Linear \"node\": expected 2 to 3 inputs, got 1");
  EXPECT_EQ(Inferred(Op::kConcat, {}), "Concat \"node\": expected at least 1 inputs, got 0");
  EXPECT_EQ(Inferred(Op::kConv2d, {kMap, {16, 3, 3, 8}, {16}}),
            "Conv2d \"node\": expected Conv2dAttrs attributes, got NoAttrs");
  EXPECT_EQ(Inferred(Op::kConv2d, {{1, 5, 5, 8}, {16, 7, 7, 8}, {16}}, Conv2dAttrs{1, 0}),
            "Conv2d \"node\": x [1, 5, 5, 8] with pad 0 is smaller than the kernel of weight [16, 7, 7, 8]");
  EXPECT_THAT(Inferred(Op::kConv2d, {kMap, {16, 3, 3, 8}, {16}}, Conv2dAttrs{0, 0}),
              HasSubstr("stride: expected"));
  EXPECT_THAT(Inferred(Op::kPatchLinear, {kMap, {16, 3, 3, 8}, {16}}, Conv2dAttrs{2, 0}),
              HasSubstr("equal to stride"));
  EXPECT_THAT(Inferred(Op::kDepthwiseConv2d, {kMap, {3, 3, 8}, {8}}, Conv2dAttrs{1, 0}),
              HasSubstr("as large as"));
  EXPECT_THAT(Inferred(Op::kLayerNorm, {kMap, {8}, {7}}, LayerNormAttrs{}),
              HasSubstr("beta: expected [8], got [7]"));
  EXPECT_THAT(Inferred(Op::kAdd, {kMap, {7}}), HasSubstr("broadcasts to a [N, H, W, 8], got [7]"));
  EXPECT_THAT(Inferred(Op::kAdd, {{8}, kMap}), HasSubstr("broadcasts"));
  EXPECT_THAT(Inferred(Op::kReshape, {kMap}, ReshapeAttrs{{n, h, 2, 4}}), HasSubstr("as many elements"));
  EXPECT_THAT(Inferred(Op::kTranspose, {kMap}, TransposeAttrs{{0, 2, 2, 3}}), HasSubstr("each axis"));
  EXPECT_THAT(Inferred(Op::kConcat, {kMap, {n, w, w, 2}}),
              HasSubstr("but for the last axis, got [N, W, W, 2]"));
  EXPECT_THAT(Inferred(Op::kMatMul, {{n, 2, h, 4}, {n, 2, w, 5}}, MatMulAttrs{true}),
              HasSubstr("does not multiply"));
  EXPECT_THAT(Inferred(Op::kAttention, {kMap, {n, 3, 4, 8}}, AttentionAttrs{2}),
              HasSubstr("kv: expected [N, .., .., 16]"));
  EXPECT_THAT(Inferred(Op::kAttention, {kMap, {n, 3, 4, 16}}, AttentionAttrs{3}), HasSubstr("divisor of 8"));
  EXPECT_THAT(Inferred(Op::kUpsampleSum, {kMap, {n, 2, 3, 9}}, UpsampleSumAttrs{}),
              HasSubstr("got [N, 2, 3, 9]"));
  EXPECT_THAT(Inferred(Op::kLinearEpilogue, {kMap, {5, 8}}, LinearEpilogueAttrs{true, true}),
              HasSubstr("expected 4 inputs"));
  EXPECT_THAT(Inferred(Op::kInput, {}), HasSubstr("not an op that is computed"));
}

TEST(OpTable, ChecksElementTypes) {
  Graph graph;
  const NodeId x = graph.AddInput("x", kImage);
  const NodeId integers = graph.AddInput("i", {DType::kI64, kImage.shape});
  EXPECT_THAT(graph.Add(Op::kAdd, "sum", {x, integers}).status().message(),
              HasSubstr("input 1: expected f32, got i64"));
  EXPECT_THAT(graph.Add(Op::kRelu, "relu", {integers}).status().message(),
              HasSubstr("expected a float type"));
  EXPECT_FALSE(graph.Add(Op::kRelu, "relu", {9}).ok());
}

TEST(OpTable, NarrowInputsGiveNarrowResults) {
  Graph graph;
  const NodeId x = graph.AddInput("x", {DType::kF16, kMap});
  const NodeId weight = Constant(graph, {5, 8});
  const NodeId y = graph.Add(Op::kLinear, "y", {x, weight}).value();
  EXPECT_EQ(graph.node(y).type.dtype, DType::kF16);
  // A constant first: the type is that of what is computed.
  const NodeId ones = Constant(graph, {4, 4, 4, 8});
  const NodeId small = graph.AddInput("small", {DType::kBF16, {8}});
  EXPECT_EQ(graph.node(graph.Add(Op::kSub, "z", {ones, small}).value()).type.dtype, DType::kBF16);
  EXPECT_EQ(graph.node(graph.Add(Op::kRelu, "relu", {ones}).value()).type.dtype, DType::kF32);
}

TEST(OpTable, ADecodeHeadGivesFloat32) {
  Graph graph;
  const NodeId x = graph.AddInput("x", {DType::kF16, kMap});
  const NodeId map = graph.AddInput("map", {DType::kF16, {n, 2, 3, 4}});
  const NodeId w1 = Constant(graph, {4, 8}), b1 = Constant(graph, {4}), w2 = Constant(graph, {5, 4}),
               b2 = Constant(graph, {5});
  const NodeId y = graph.Add(Op::kDecodeHead, "head", {x, w1, b1, w2, b2, map}).value();
  EXPECT_EQ(graph.node(y).type.dtype, DType::kF32);
}

TEST(OpTable, ComputedInputsShareAType) {
  Graph graph;
  const NodeId half = graph.AddInput("half", {DType::kF16, kMap});
  const NodeId single = graph.AddInput("single", {DType::kF32, kMap});
  EXPECT_EQ(graph.Add(Op::kAdd, "sum", {half, single}).status().message(),
            "Add \"sum\": input 1: expected f16, got f32");
  const NodeId narrow = graph.AddConstant("narrow", Tensor(DType::kF16, Shape{8}));
  EXPECT_EQ(graph.Add(Op::kAdd, "sum", {half, narrow}).status().message(),
            "Add \"sum\": input 1: expected f32, got f16");
}

TEST(OpTable, CastGivesTheTypeThatItNames) {
  Graph graph;
  const NodeId x = graph.AddInput("x", kImage);
  const NodeId half = graph.Add(Op::kCast, "half", {x}, CastAttrs{DType::kF16}).value();
  EXPECT_EQ(graph.node(half).type, (ValueType{DType::kF16, kImage.shape}));
  EXPECT_EQ(graph.Add(Op::kCast, "bytes", {x}, CastAttrs{DType::kU8}).status().message(),
            "Cast \"bytes\": to: expected a float type, got u8");
}

TEST(Verify, ANodeReadsWhatItsPrecisionStores) {
  Graph graph;
  const NodeId x = graph.AddInput("x", {DType::kF16, kMap});
  graph.AddOutput("y", graph.Add(Op::kRelu, "right", {x}, NoAttrs(), Precision::kFp16).value());
  EXPECT_TRUE(Verify(graph).ok());
  graph.AddOutput("z", graph.Add(Op::kRelu, "wrong", {x}, NoAttrs(), Precision::kBf16).value());
  EXPECT_EQ(Verify(graph).message(), "Relu \"wrong\": bf16 reads bf16, got f16");
}

int64_t Macs(Op op, std::initializer_list<DimShape> shapes, Attributes attributes = NoAttrs()) {
  Graph graph;
  std::vector<NodeId> inputs;
  for (const DimShape& shape : shapes) inputs.push_back(graph.AddInput("in", {DType::kF32, shape}));
  const NodeId id = graph.Add(op, "node", inputs, std::move(attributes)).value();
  return CountMacs(graph, graph.node(id), {2, 10, 20});
}

TEST(OpTable, CountsMultiplyAdds) {
  EXPECT_EQ(Macs(Op::kConv2d, {kMap, {16, 3, 3, 8}, {16}}, Conv2dAttrs{2, 1}), 2 * 5 * 10 * 16 * 9 * 8);
  EXPECT_EQ(Macs(Op::kDepthwiseConv2d, {kMap, {3, 3, 8}, {8}}, Conv2dAttrs{1, 1}), 2 * 200 * 8 * 9);
  EXPECT_EQ(Macs(Op::kLinear, {kMap, {5, 8}}), 2 * 200 * 5 * 8);
  EXPECT_EQ(Macs(Op::kMatMul, {{n, 2, h, 4}, {n, 2, w, 4}}, MatMulAttrs{true}), 2 * 2 * 10 * 20 * 4);
  EXPECT_EQ(Macs(Op::kAttention, {kMap, {n, 3, 4, 16}}, AttentionAttrs{2}), 2 * 2 * 200 * 12 * 8);
  EXPECT_EQ(Macs(Op::kMixFfn, {kMap, {8}, {8}, {32, 8}, {32}, {3, 3, 32}, {32}, {8, 32}, {8}}, MixFfnAttrs{}),
            2 * 200 * (2 * 8 * 32 + 9 * 32));
  EXPECT_EQ(Macs(Op::kRelu, {kMap}), 0);
}

}  // namespace
}  // namespace segforge
