#include "model/build_encoder.h"

#include <cmath>

namespace segforge {
namespace {

// What the layers of one block share.
struct Block {
  GraphBuilder& builder;
  const ModelConfig& config;
  const Stage& stage;
  const BlockWeights& weights;
  std::string name;  // "stage1.block0"
};

// [N, h, w, C] -> [N, heads, h*w, d]
NodeId SplitHeads(const Block& block, const std::string& name, NodeId x) {
  const DimShape& map = block.builder.shape(x);
  const int64_t heads = block.stage.heads;
  const DimShape split = {map[0], map[1] * map[2], heads, block.stage.width / heads};
  const NodeId tokens = block.builder.Add(Op::kReshape, name + ".split", {x}, ReshapeAttrs{split});
  return block.builder.Add(Op::kTranspose, name + ".heads", {tokens}, TransposeAttrs{{0, 2, 1, 3}});
}

// [N, heads, H*W, d] -> the shape of the map that the queries came from
NodeId MergeHeads(const Block& block, const std::string& name, NodeId x, DimShape map) {
  const NodeId tokens = block.builder.Add(Op::kTranspose, name + ".heads", {x}, TransposeAttrs{{0, 2, 1, 3}});
  return block.builder.Add(Op::kReshape, name + ".merge", {tokens}, ReshapeAttrs{std::move(map)});
}

// What keys and values are made of: the map itself, or the map reduced sr x sr times.
NodeId Reduce(const Block& block, const std::string& name, NodeId x) {
  if (block.stage.sr_ratio == 1) return x;
  const Conv2dAttrs attributes = {.stride = block.stage.sr_ratio, .pad = 0};
  const NodeId reduced = block.builder.Conv(Op::kConv2d, name + ".sr", x, block.weights.sr, attributes);
  return block.builder.LayerNorm(name + ".sr_norm", reduced, block.weights.sr_norm, block.config.eps_sr);
}

NodeId Scale(const Block& block, const std::string& name, NodeId scores) {
  const int64_t head_width = block.stage.width / block.stage.heads;
  const std::array<float, 1> factor = {static_cast<float>(1.0 / std::sqrt(static_cast<double>(head_width)))};
  const NodeId constant = block.builder.graph().AddConstant(
      name + ".scale_factor", Tensor::From<float>({1}, std::span<const float>(factor)));
  return block.builder.Add(Op::kMul, name + ".scale", {scores, constant});
}

NodeId Attention(const Block& block, NodeId x, NodeId residual) {
  GraphBuilder& builder = block.builder;
  const std::string name = block.name + ".attention";
  const NodeId reduced = Reduce(block, name, x);
  const NodeId q = SplitHeads(block, name + ".q", builder.Linear(name + ".q", x, block.weights.query));
  const NodeId k = SplitHeads(block, name + ".k", builder.Linear(name + ".k", reduced, block.weights.key));
  const NodeId v = SplitHeads(block, name + ".v", builder.Linear(name + ".v", reduced, block.weights.value));
  NodeId scores = builder.Add(Op::kMatMul, name + ".scores", {q, k}, MatMulAttrs{.transpose_b = true});
  scores = Scale(block, name, scores);
  const NodeId shares = builder.Add(Op::kSoftmax, name + ".softmax", {scores});
  NodeId context = builder.Add(Op::kMatMul, name + ".context", {shares, v}, MatMulAttrs{});
  context = MergeHeads(block, name + ".context", context, builder.shape(x));
  const NodeId projected = builder.Linear(name + ".proj", context, block.weights.proj);
  return builder.Add(Op::kAdd, name + ".add", {residual, projected});
}

NodeId FeedForward(const Block& block, NodeId x, NodeId residual) {
  GraphBuilder& builder = block.builder;
  const std::string name = block.name + ".ffn";
  NodeId hidden = builder.Linear(name + ".fc1", x, block.weights.fc1);
  hidden = builder.Conv(Op::kDepthwiseConv2d, name + ".dwconv", hidden, block.weights.dwconv,
                        {.stride = 1, .pad = 1});
  hidden = builder.Add(Op::kGelu, name + ".gelu", {hidden});
  const NodeId projected = builder.Linear(name + ".fc2", hidden, block.weights.fc2);
  return builder.Add(Op::kAdd, name + ".add", {residual, projected});
}

NodeId BuildBlock(const Block& block, NodeId x) {
  const float eps = block.config.eps_block;
  x = Attention(block, block.builder.LayerNorm(block.name + ".norm1", x, block.weights.norm1, eps), x);
  return FeedForward(block, block.builder.LayerNorm(block.name + ".norm2", x, block.weights.norm2, eps), x);
}

NodeId BuildStage(GraphBuilder& builder, const ModelConfig& config, const Stage& stage,
                  const StageWeights& weights, const std::string& name, NodeId x) {
  const Conv2dAttrs patch = {.stride = stage.stride, .pad = stage.patch / 2};
  x = builder.Conv(Op::kConv2d, name + ".patch_embed.conv", x, weights.patch_conv, patch);
  x = builder.LayerNorm(name + ".patch_embed.norm", x, weights.patch_norm, config.eps_patch);
  for (size_t i = 0; i < weights.blocks.size(); ++i) {
    x = BuildBlock({builder, config, stage, weights.blocks[i], fmt::format("{}.block{}", name, i)}, x);
  }
  return builder.LayerNorm(name + ".norm", x, weights.norm, config.eps_stage);
}

}  // namespace

std::array<NodeId, 4> BuildEncoder(GraphBuilder& builder, const ModelConfig& config,
                                   const ModelWeights& weights, NodeId image) {
  std::array<NodeId, 4> features;
  NodeId x = image;
  for (size_t i = 0; i < features.size(); ++i) {
    x = BuildStage(builder, config, config.stages[i], weights.stages[i], fmt::format("stage{}", i + 1), x);
    features[i] = x;
  }
  return features;
}

}  // namespace segforge
