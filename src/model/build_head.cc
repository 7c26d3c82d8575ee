#include "model/build_head.h"

#include <algorithm>

namespace segforge {
namespace {

constexpr float kBatchNormEps = 1e-5f;  // torch's default; no family changes it

// Without BatchNorm where its weights are null: then it is folded into the layer's own.
NodeId Norm(GraphBuilder& builder, const std::string& name, NodeId x, const BatchNormWeights& weights) {
  return weights.gamma.tensor == nullptr ? x : builder.BatchNorm(name, x, weights, kBatchNormEps);
}

NodeId Project(GraphBuilder& builder, const ModelConfig& config, const HeadWeights& weights, size_t index,
               NodeId x) {
  const std::string name = fmt::format("head.stage{}", index + 1);
  x = builder.Linear(name + ".proj", x, weights.proj[index]);
  if (config.family != Family::kMmseg1) return x;
  x = Norm(builder, name + ".bn", x, weights.proj_bn[index]);
  return builder.Add(Op::kRelu, name + ".relu", {x});
}

// What follows the sum of the stages is for the caller to add.
NodeId FoldedSum(GraphBuilder& builder, const ModelConfig& config, const HeadWeights& weights,
                 const std::array<NodeId, 4>& features) {
  std::vector<NodeId> terms;
  for (size_t i = 0; i < features.size(); ++i) {
    NodeId term = Project(builder, config, weights, i, features[i]);
    if (config.family == Family::kMmseg1)
      term = builder.Linear(fmt::format("head.fuse.{}", i), term, weights.fuse_parts[i]);
    terms.push_back(term);
  }
  return builder.Add(Op::kUpsampleSum, "head.fuse", terms, UpsampleSumAttrs{Activation::kRelu});
}

}  // namespace

NodeId BuildHead(GraphBuilder& builder, const ModelConfig& config, const HeadWeights& weights,
                 const std::array<NodeId, 4>& features) {
  if (weights.is_folded) {
    return builder.Linear("head.classifier", FoldedSum(builder, config, weights, features),
                          weights.classifier);
  }
  const DimShape& first = builder.shape(features[0]);
  const ResizeAttrs to_first = {first[1], first[2]};
  std::vector<NodeId> maps;
  for (size_t i = 0; i < features.size(); ++i) {
    NodeId map = Project(builder, config, weights, i, features[i]);
    if (i > 0) {
      map = builder.Add(Op::kResizeBilinear, fmt::format("head.stage{}.resize", i + 1), {map}, to_first);
    }
    maps.push_back(map);
  }
  if (config.family != Family::kMmseg1) std::reverse(maps.begin(), maps.end());
  NodeId x = builder.Add(Op::kConcat, "head.concat", maps);
  x = builder.Linear("head.fuse", x, weights.fuse);
  x = Norm(builder, "head.bn", x, weights.fuse_bn);
  x = builder.Add(Op::kRelu, "head.relu", {x});
  return builder.Linear("head.classifier", x, weights.classifier);
}

}  // namespace segforge
