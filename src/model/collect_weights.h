// Which weights a model has, and of which sizes: the one list that reading a checkpoint and matching a graph
// share.
#pragma once

#include "model/weights.h"

namespace segforge {

inline std::string SrNote(const ModelConfig& config, int stage) {
  const int64_t ratio = config.stages[static_cast<size_t>(stage)].sr_ratio;
  const std::string model = config.variant == "custom" ? "this model" : "SegFormer-" + config.variant;
  return fmt::format(" ({} has sr ratio {} in stage {})", model, ratio, stage + 1);
}

// Source: has Linear, LinearWithoutBias, Conv, Depthwise, Norm, BatchNorm and RefuseWeight, as WeightReader
// does.
template <typename Source>
BlockWeights CollectBlock(Source& source, const NameTable& names, const ModelConfig& config, Place place) {
  const Stage& stage = config.stages[static_cast<size_t>(place.stage)];
  const int64_t width = stage.width;
  BlockWeights block;
  block.norm1 = source.Norm(names.norm1, place, width);
  block.query = source.Linear(names.query, place, width, width);
  block.key = source.Linear(names.key, place, width, width);
  block.value = source.Linear(names.value, place, width, width);
  const std::string note = SrNote(config, place.stage);
  if (stage.sr_ratio > 1) {
    block.sr = source.Conv(names.sr, place, width, width, stage.sr_ratio, note);
    block.sr_norm = source.Norm(names.sr_norm, place, width);
  } else {
    source.RefuseWeight(names.sr, place, note);
  }
  block.proj = source.Linear(names.proj, place, width, width);
  block.norm2 = source.Norm(names.norm2, place, width);
  block.fc1 = source.Linear(names.fc1, place, stage.ffn_width, width);
  block.dwconv = source.Depthwise(names.dwconv, place, stage.ffn_width);
  block.fc2 = source.Linear(names.fc2, place, width, stage.ffn_width);
  return block;
}

template <typename Source>
StageWeights CollectStage(Source& source, const NameTable& names, const ModelConfig& config, int index) {
  const Stage& stage = config.stages[static_cast<size_t>(index)];
  const int64_t channels_in = index == 0 ? 3 : config.stages[static_cast<size_t>(index - 1)].width;
  const Place place = {index, 0};
  StageWeights weights;
  weights.patch_conv = source.Conv(names.patch_conv, place, stage.width, channels_in, stage.patch, "");
  weights.patch_norm = source.Norm(names.patch_norm, place, stage.width);
  for (int block = 0; block < stage.depth; ++block) {
    weights.blocks.push_back(CollectBlock(source, names, config, {index, block}));
  }
  weights.norm = source.Norm(names.stage_norm, place, stage.width);
  return weights;
}

template <typename Source>
HeadWeights CollectHead(Source& source, const NameTable& names, const ModelConfig& config) {
  const int64_t width = config.head_width;
  const bool norm_per_stage = !names.head_proj_bn.path.empty();
  HeadWeights head;
  for (size_t i = 0; i < config.stages.size(); ++i) {
    const Place place = {static_cast<int>(i), 0};
    const int64_t channels = config.stages[i].width;
    if (norm_per_stage) {
      head.proj[i].weight = source.LinearWithoutBias(names.head_proj, place, width, channels);
      head.proj_bn[i] = source.BatchNorm(names.head_proj_bn, place, width);
    } else {
      head.proj[i] = source.Linear(names.head_proj, place, width, channels);
    }
  }
  head.fuse.weight = source.LinearWithoutBias(names.fuse, {}, width, 4 * width);
  head.fuse_bn = source.BatchNorm(names.fuse_bn, {}, width);
  head.classifier = source.Linear(names.classifier, {}, config.classes, width);
  return head;
}

template <typename Source>
std::array<StageWeights, 4> CollectEncoder(Source& source, const NameTable& names,
                                           const ModelConfig& config) {
  std::array<StageWeights, 4> stages;
  for (int i = 0; i < 4; ++i) stages[static_cast<size_t>(i)] = CollectStage(source, names, config, i);
  return stages;
}

template <typename Source>
ModelWeights CollectWeights(Source& source, const NameTable& names, const ModelConfig& config) {
  ModelWeights weights;
  weights.stages = CollectEncoder(source, names, config);
  weights.head = CollectHead(source, names, config);
  return weights;
}

}  // namespace segforge
