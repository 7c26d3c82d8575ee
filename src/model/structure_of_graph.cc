#include "model/structure_of_graph.h"

#include <algorithm>

#include "model/structure.h"

namespace segforge {
namespace {

constexpr int64_t kMaxChannels = 65536;
constexpr int64_t kMaxBlocks = 1000;

// A walk along the graph, inputs first: what a stage has comes after its patch embedding and before the next.
struct Walk {
  ModelConfig config;
  int stages = 0;
  std::array<std::vector<float>, 4> eps;  // of each stage's LayerNorms, in their order
  int relus = 0;
  bool has_batch_norm = false;
  bool has_folded_head = false;
  bool in_head = false;

  Stage& stage() { return config.stages[static_cast<size_t>(stages - 1)]; }

  Status VisitConv(const Node& node, const Shape& weight) {
    const auto& attributes = node.as<Conv2dAttrs>();
    if (attributes.pad == 0) {
      if (stages > 0) stage().sr_ratio = attributes.stride;
      return Status();
    }
    if (stages == 4) return Unsupported("no SegFormer: more than four patch embeddings");
    ++stages;
    stage().width = weight[0];
    stage().patch = weight[1];
    stage().stride = attributes.stride;
    stage().sr_ratio = 1;
    return Status();
  }

  Status Visit(const Graph& graph, const Node& node) {
    const Tensor* weight = node.inputs.size() > 1 ? graph.ConstantInput(node, 1) : nullptr;
    if (node.op == Op::kConv2d && weight != nullptr) return VisitConv(node, weight->shape());
    if (node.op == Op::kConcat) in_head = true;
    if (node.op == Op::kUpsampleSum) {
      in_head = has_folded_head = true;
      config.head_width = node.type.shape.back().constant();
    }
    if (node.op == Op::kRelu) ++relus;
    if (node.op == Op::kBatchNorm) has_batch_norm = true;
    if (node.op == Op::kLinear && in_head && weight != nullptr) {
      if (config.head_width == 0) config.head_width = weight->shape()[0];
      config.classes = weight->shape()[0];
    }
    if (stages == 0 || in_head) return Status();
    if (node.op == Op::kLayerNorm)
      eps[static_cast<size_t>(stages - 1)].push_back(node.as<LayerNormAttrs>().eps);
    if (node.op == Op::kSoftmax && node.type.shape.size() == 4) stage().heads = node.type.shape[1].constant();
    if (node.op == Op::kDepthwiseConv2d && weight != nullptr) {
      ++stage().depth;
      stage().ffn_width = weight->shape()[2];
    }
    return Status();
  }
};

bool IsWithin(int64_t value, int64_t limit) { return value >= 1 && value <= limit; }

bool IsPlausible(const ModelConfig& config) {
  return IsWithin(config.head_width, kMaxChannels) && IsWithin(config.classes, kMaxChannels) &&
         std::ranges::all_of(config.stages, [](const Stage& stage) {
           return IsWithin(stage.width, kMaxChannels) && IsWithin(stage.depth, kMaxBlocks) &&
                  IsWithin(stage.heads, stage.width) && stage.width % stage.heads == 0 &&
                  IsWithin(stage.sr_ratio, kMaxChannels) && IsWithin(stage.ffn_width, 16 * kMaxChannels);
         });
}

// Patch embedding, then for each block norm1, the one after sr, norm2; the stage's own last.
Status TakeEps(const Walk& walk, ModelConfig& config) {
  for (size_t i = 0; i < config.stages.size(); ++i) {
    const std::vector<float>& eps = walk.eps[i];
    if (eps.size() < 4) return Unsupported("no SegFormer: {} LayerNorms in stage {}", eps.size(), i + 1);
    if (i == 0) {
      config.eps_patch = config.eps_sr = eps[0];
      config.eps_block = eps[1];
      config.eps_stage = eps.back();
    }
    if (config.stages[i].sr_ratio > 1) config.eps_sr = eps[2];
  }
  return Status();
}

}  // namespace

Result<GraphStructure> StructureOfGraph(const Graph& graph) {
  Walk walk;
  for (const NodeId id : graph.LiveNodes()) SEGFORGE_RETURN_IF_ERROR(walk.Visit(graph, graph.node(id)));
  ModelConfig config = walk.config;
  if (walk.stages != 4 || !IsPlausible(config)) {
    return Unsupported(
        "no SegFormer: expected four patch embeddings with attention and depthwise convolutions between "
        "them, "
        "and a head that joins four maps");
  }
  SEGFORGE_RETURN_IF_ERROR(TakeEps(walk, config));
  config.family = config.eps_block == 1e-6f ? Family::kNvlabs : Family::kHuggingFace;
  if (walk.relus > 1) config.family = Family::kMmseg1;
  config.variant = VariantOf(config);
  return GraphStructure{std::move(config), walk.has_batch_norm, walk.has_folded_head};
}

}  // namespace segforge
