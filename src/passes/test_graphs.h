// Graphs as published, with random weights, for the tests of the passes.
#pragma once

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "ir/graph.h"

namespace segforge {

inline int CountOps(const Graph& graph, Op op) {
  const std::vector<NodeId> live = graph.LiveNodes();
  return static_cast<int>(std::ranges::count_if(live, [&](NodeId id) { return graph.node(id).op == op; }));
}

class TestGraph {
 public:
  explicit TestGraph(uint32_t seed = 1) : random_(seed) {}

  Graph graph;

  NodeId Input(int64_t channels) {
    return graph.AddInput("image", {DType::kF32, {Dim::N(), Dim::H(), Dim::W(), channels}});
  }
  NodeId Random(Shape shape, float low = -1, float high = 1) {
    Tensor tensor(DType::kF32, shape);
    std::uniform_real_distribution<float> values(low, high);
    for (float& value : tensor.span<float>()) value = values(random_);
    return graph.AddConstant(Name("c"), std::move(tensor));
  }
  NodeId Scalar(float value) {
    return graph.AddConstant(Name("c"), Tensor::From<float>(Shape{1}, std::vector<float>{value}));
  }
  NodeId Add(Op op, std::vector<NodeId> inputs, Attributes attributes = NoAttrs()) {
    return graph.Add(op, Name("node"), std::move(inputs), std::move(attributes)).value();
  }
  const DimShape& shape(NodeId id) const { return graph.node(id).type.shape; }
  int64_t channels(NodeId id) const { return shape(id).back().constant(); }

  NodeId Linear(NodeId x, int64_t width, bool bias = true) {
    const float range = 1 / std::sqrt(static_cast<float>(channels(x)));
    std::vector<NodeId> inputs = {x, Random({width, channels(x)}, -range, range)};
    if (bias) inputs.push_back(Random({width}));
    return Add(Op::kLinear, inputs);
  }
  NodeId LayerNorm(NodeId x) {
    return Add(Op::kLayerNorm, {x, Random({channels(x)}), Random({channels(x)})}, LayerNormAttrs{1e-6f});
  }
  NodeId BatchNorm(NodeId x) {
    const int64_t c = channels(x);
    return Add(Op::kBatchNorm, {x, Random({c}), Random({c}), Random({c}), Random({c}, 0.1f, 2)},
               BatchNormAttrs{});
  }
  NodeId Conv(NodeId x, int64_t width, int64_t kernel, int64_t stride, int64_t pad) {
    return Add(Op::kConv2d, {x, Random({width, kernel, kernel, channels(x)}, -0.3f, 0.3f), Random({width})},
               Conv2dAttrs{stride, pad});
  }
  NodeId Depthwise(NodeId x) {
    return Add(Op::kDepthwiseConv2d, {x, Random({3, 3, channels(x)}), Random({channels(x)})},
               Conv2dAttrs{1, 1});
  }
  NodeId SplitHeads(NodeId x, int64_t heads) {
    const DimShape map = shape(x);
    const NodeId split =
        Add(Op::kReshape, {x}, ReshapeAttrs{{map[0], map[1] * map[2], heads, channels(x) / heads}});
    return Add(Op::kTranspose, {split}, TransposeAttrs{{0, 2, 1, 3}});
  }
  // The ten nodes from q, k and v to the joined heads.
  NodeId AttentionOf(NodeId q, NodeId k, NodeId v, int64_t heads) {
    const NodeId keys = SplitHeads(k, heads), values = SplitHeads(v, heads);
    const float scale = 1 / std::sqrt(static_cast<float>(channels(q) / heads));
    const NodeId scores = Add(Op::kMatMul, {SplitHeads(q, heads), keys}, MatMulAttrs{true});
    const NodeId weights = Add(Op::kSoftmax, {Add(Op::kMul, {scores, Scalar(scale)})});
    const NodeId mixed = Add(Op::kMatMul, {weights, values}, MatMulAttrs{});
    const NodeId joined = Add(Op::kTranspose, {mixed}, TransposeAttrs{{0, 2, 1, 3}});
    return Add(Op::kReshape, {joined}, ReshapeAttrs{shape(q)});
  }
  NodeId AttentionHalf(NodeId x, int64_t heads, int64_t sr) {
    const NodeId norm = LayerNorm(x);
    const NodeId reduced = sr > 1 ? LayerNorm(Conv(norm, channels(x), sr, sr, 0)) : norm;
    const NodeId q = Linear(norm, channels(x)), k = Linear(reduced, channels(x)),
                 v = Linear(reduced, channels(x));
    return Add(Op::kAdd, {x, Linear(AttentionOf(q, k, v, heads), channels(x))});
  }
  NodeId MixFfnHalf(NodeId x) {
    const NodeId hidden = Depthwise(Linear(LayerNorm(x), 2 * channels(x)));
    return Add(Op::kAdd, {x, Linear(Add(Op::kGelu, {hidden}), channels(x))});
  }
  NodeId Resize(NodeId x, NodeId like) {
    return Add(Op::kResizeBilinear, {x}, ResizeAttrs{shape(like)[1], shape(like)[2]});
  }
  // With `relu`, as mmseg 1.x has it: Relu(BatchNorm()) after each projection, stages concatenated first to
  // last.
  NodeId Head(const std::vector<NodeId>& features, int64_t width, bool relu) {
    std::vector<NodeId> maps;
    for (NodeId feature : features) {
      NodeId map = Linear(feature, width, !relu);
      if (relu) map = Add(Op::kRelu, {BatchNorm(map)});
      maps.push_back(maps.empty() ? map : Resize(map, maps.front()));
    }
    if (!relu) std::ranges::reverse(maps);
    const NodeId fused = BatchNorm(Linear(Add(Op::kConcat, maps), width, false));
    return Linear(Add(Op::kRelu, {fused}), 5);
  }
  // y = (x - mean) / sqrt(variance + eps) * gamma + beta, from its parts.
  NodeId DecomposedLayerNorm(NodeId x, bool pow) {
    const NodeId d = Add(Op::kSub, {x, Add(Op::kReduceMean, {x})});
    const NodeId square = pow ? Add(Op::kPow, {d, Scalar(2)}) : Add(Op::kMul, {d, d});
    const NodeId variance = Add(Op::kAdd, {Add(Op::kReduceMean, {square}), Scalar(1e-5f)});
    const NodeId y = Add(Op::kDiv, {d, Add(Op::kSqrt, {variance})});
    return Add(Op::kAdd, {Add(Op::kMul, {y, Random({channels(x)})}), Random({channels(x)})});
  }
  NodeId DecomposedGelu(NodeId x) {
    const NodeId erf = Add(Op::kErf, {Add(Op::kMul, {x, Scalar(0.70710678f)})});
    return Add(Op::kMul, {Add(Op::kMul, {x, Add(Op::kAdd, {erf, Scalar(1)})}), Scalar(0.5f)});
  }

 private:
  std::string Name(std::string_view kind) { return fmt::format("{}{}", kind, graph.size()); }

  std::mt19937 random_;
};

// A SegFormer of two stages with every part of the real one: widths 8 and 12, two blocks in all.
inline Graph SmallSegformer(bool relu_head) {
  TestGraph t;
  NodeId x = t.LayerNorm(t.Conv(t.Input(3), 8, 7, 4, 3));
  std::vector<NodeId> features = {t.LayerNorm(t.MixFfnHalf(t.AttentionHalf(x, 1, 2)))};
  x = t.LayerNorm(t.Conv(features[0], 12, 3, 2, 1));
  features.push_back(t.LayerNorm(t.MixFfnHalf(t.AttentionHalf(x, 3, 1))));
  t.graph.AddOutput("logits", t.Head(features, 16, relu_head));
  return std::move(t.graph);
}

}  // namespace segforge
