#include "model/weights.h"

#include "base/memory.h"
#include "model/weight_reader.h"

namespace segforge {
namespace {

std::string SrNote(const ModelConfig& config, int stage) {
  const int64_t ratio = config.stages[static_cast<size_t>(stage)].sr_ratio;
  const std::string model = config.variant == "custom" ? "this model" : "SegFormer-" + config.variant;
  return fmt::format(" ({} has sr ratio {} in stage {})", model, ratio, stage + 1);
}

BlockWeights ReadBlock(WeightReader& reader, const NameTable& names, const ModelConfig& config, Place place) {
  const Stage& stage = config.stages[static_cast<size_t>(place.stage)];
  const int64_t width = stage.width;
  BlockWeights block;
  block.norm1 = reader.Norm(names.norm1, place, width);
  block.query = reader.Linear(names.query, place, width, width);
  block.key = reader.Linear(names.key, place, width, width);
  block.value = reader.Linear(names.value, place, width, width);
  const std::string note = SrNote(config, place.stage);
  if (stage.sr_ratio > 1) {
    block.sr = reader.Conv(names.sr, place, width, width, stage.sr_ratio, note);
    block.sr_norm = reader.Norm(names.sr_norm, place, width);
  } else {
    reader.RefuseWeight(names.sr, place, note);
  }
  block.proj = reader.Linear(names.proj, place, width, width);
  block.norm2 = reader.Norm(names.norm2, place, width);
  block.fc1 = reader.Linear(names.fc1, place, stage.ffn_width, width);
  block.dwconv = reader.Depthwise(names.dwconv, place, stage.ffn_width);
  block.fc2 = reader.Linear(names.fc2, place, width, stage.ffn_width);
  return block;
}

StageWeights ReadStage(WeightReader& reader, const NameTable& names, const ModelConfig& config, int index) {
  const Stage& stage = config.stages[static_cast<size_t>(index)];
  const int64_t channels_in = index == 0 ? 3 : config.stages[static_cast<size_t>(index - 1)].width;
  const Place place = {index, 0};
  StageWeights weights;
  weights.patch_conv = reader.Conv(names.patch_conv, place, stage.width, channels_in, stage.patch, "");
  weights.patch_norm = reader.Norm(names.patch_norm, place, stage.width);
  for (int block = 0; block < stage.depth; ++block) {
    weights.blocks.push_back(ReadBlock(reader, names, config, {index, block}));
  }
  weights.norm = reader.Norm(names.stage_norm, place, stage.width);
  return weights;
}

HeadWeights ReadHead(WeightReader& reader, const NameTable& names, const ModelConfig& config) {
  const int64_t width = config.head_width;
  const bool norm_per_stage = !names.head_proj_bn.path.empty();
  HeadWeights head;
  for (size_t i = 0; i < config.stages.size(); ++i) {
    const Place place = {static_cast<int>(i), 0};
    const int64_t channels = config.stages[i].width;
    if (norm_per_stage) {
      head.proj[i].weight = reader.LinearWithoutBias(names.head_proj, place, width, channels);
      head.proj_bn[i] = reader.BatchNorm(names.head_proj_bn, place, width);
    } else {
      head.proj[i] = reader.Linear(names.head_proj, place, width, channels);
    }
  }
  head.fuse.weight = reader.LinearWithoutBias(names.fuse, {}, width, 4 * width);
  head.fuse_bn = reader.BatchNorm(names.fuse_bn, {}, width);
  head.classifier = reader.Linear(names.classifier, {}, config.classes, width);
  return head;
}

ModelWeights ReadAll(WeightReader& reader, const NameTable& names, const ModelConfig& config) {
  ModelWeights weights;
  for (int i = 0; i < 4; ++i) {
    weights.stages[static_cast<size_t>(i)] = ReadStage(reader, names, config, i);
  }
  weights.head = ReadHead(reader, names, config);
  return weights;
}

}  // namespace

Result<ModelWeights> ReadWeights(const Checkpoint& checkpoint, const FamilyMatch& match,
                                 const ModelConfig& config) {
  WeightReader checker(checkpoint, match, WeightReader::Mode::kCheck);
  ReadAll(checker, *match.names, config);
  SEGFORGE_RETURN_IF_ERROR(checker.Problems());
  SEGFORGE_RETURN_IF_ERROR(CheckMemory(checker.bytes(), "the weights"));
  WeightReader copier(checkpoint, match, WeightReader::Mode::kCopy);
  ModelWeights weights = ReadAll(copier, *match.names, config);
  SEGFORGE_RETURN_IF_ERROR(copier.Problems());
  return weights;
}

}  // namespace segforge
