#include "model/structure.h"

#include <fmt/ranges.h>

#include "model/structure_finder.h"

namespace segforge {
namespace {

using Four = std::array<int64_t, 4>;

constexpr Four kPatch = {7, 3, 3, 3};
constexpr Four kStride = {4, 2, 2, 2};
constexpr Four kPublishedSr = {8, 4, 2, 1};
constexpr Four kPublishedHeads = {1, 2, 5, 8};
constexpr int64_t kMaxClasses = 65536;  // labels are u16 at most

struct PublishedModel {
  std::string_view name;
  Four widths;
  Four depths;
};
constexpr std::array<PublishedModel, 6> kPublished = {{
    {"B0", {32, 64, 160, 256}, {2, 2, 2, 2}},
    {"B1", {64, 128, 320, 512}, {2, 2, 2, 2}},
    {"B2", {64, 128, 320, 512}, {3, 4, 6, 3}},
    {"B3", {64, 128, 320, 512}, {3, 4, 18, 3}},
    {"B4", {64, 128, 320, 512}, {3, 8, 27, 3}},
    {"B5", {64, 128, 320, 512}, {3, 6, 40, 3}},
}};

const PublishedModel* FindPublished(const Four& widths, const Four& depths) {
  for (const PublishedModel& model : kPublished) {
    if (model.widths == widths && model.depths == depths) return &model;
  }
  return nullptr;
}

Status FindStages(const StructureFinder& finder, ModelConfig& config) {
  for (int i = 0; i < 4; ++i) {
    Stage& stage = config.stages[static_cast<size_t>(i)];
    SEGFORGE_ASSIGN_OR_RETURN(stage.depth, finder.Depth(i));
    stage.width = finder.Width(i, stage.depth);
    if (stage.width == 0) return InvalidInput("stage {} has no patch embedding and no norm", i + 1);
    stage.ffn_width = finder.FfnWidth(i, stage.depth, stage.width);
    stage.sr_ratio = finder.SrRatio(i, stage.depth);
    stage.patch = kPatch[static_cast<size_t>(i)];
    stage.stride = kStride[static_cast<size_t>(i)];
  }
  return Status();
}

Status FindHead(const StructureFinder& finder, const FamilyMatch& match, ModelConfig& config) {
  config.head_width = finder.HeadWidth();
  config.classes = finder.Classes();
  if (config.head_width == 0) return InvalidInput("the decode head has no projection and no fuse layer");
  if (config.classes == 0) {
    return InvalidInput("missing \"{}{}\" [classes, {}, 1, 1]", match.prefix,
                        TensorName(*match.names, match.names->classifier, {}, "weight"), config.head_width);
  }
  if (config.classes > kMaxClasses) {
    return Unsupported("{} classes; at most {} are supported", config.classes, kMaxClasses);
  }
  return Status();
}

// Heads of the published models where one head width fits all four widths, else none.
std::optional<Four> PublishedHeads(const Four& widths) {
  for (size_t i = 0; i < widths.size(); ++i) {
    if (widths[i] % kPublishedHeads[i] != 0 || widths[i] / kPublishedHeads[i] != widths[0])
      return std::nullopt;
  }
  return kPublishedHeads;
}

Status ChooseHeads(const std::optional<HfConfig>& said, ModelConfig& config) {
  const Four widths = CollectStages(config, &Stage::width);
  std::optional<Four> heads = PublishedHeads(widths);
  if (said && said->num_attention_heads) heads = said->num_attention_heads;
  if (!heads) {
    return InvalidInput(
        "weights of widths [{}] do not tell the number of attention heads; put a config.json with "
        "num_attention_heads beside the checkpoint",
        fmt::join(widths, ", "));
  }
  for (size_t i = 0; i < widths.size(); ++i) {
    if (widths[i] % (*heads)[i] != 0) {
      return InvalidInput("config.json: {} attention heads do not divide the width {} of stage {}",
                          (*heads)[i], widths[i], i + 1);
    }
    config.stages[i].heads = (*heads)[i];
  }
  return Status();
}

// A published model's sr ratios, or the config's, are what its weights must have; otherwise the weights tell.
void ChooseSrRatios(const std::optional<HfConfig>& said, const PublishedModel* published,
                    ModelConfig& config) {
  std::optional<Four> expected;
  if (published != nullptr) expected = kPublishedSr;
  if (said && said->sr_ratios) expected = said->sr_ratios;
  for (size_t i = 0; expected && i < expected->size(); ++i) config.stages[i].sr_ratio = (*expected)[i];
}

}  // namespace

std::string VariantOf(const ModelConfig& config) {
  const PublishedModel* published =
      FindPublished(CollectStages(config, &Stage::width), CollectStages(config, &Stage::depth));
  const bool as_published = published != nullptr && CollectStages(config, &Stage::sr_ratio) == kPublishedSr &&
                            CollectStages(config, &Stage::heads) == kPublishedHeads;
  return as_published ? std::string(published->name) : "custom";
}

Result<ModelConfig> FindStructure(const Checkpoint& checkpoint, const FamilyMatch& match,
                                  const std::optional<HfConfig>& said) {
  const StructureFinder finder(checkpoint, match);
  const LayerNormEps& eps = match.names->eps;
  ModelConfig config;
  config.family = match.names->family;
  config.eps_patch = eps.patch;
  config.eps_block = eps.block;
  config.eps_sr = eps.sr;
  config.eps_stage = eps.stage;
  SEGFORGE_RETURN_IF_ERROR(FindStages(finder, config));
  SEGFORGE_RETURN_IF_ERROR(FindHead(finder, match, config));
  if (said) SEGFORGE_RETURN_IF_ERROR(CheckAgrees(*said, config));
  const PublishedModel* published =
      FindPublished(CollectStages(config, &Stage::width), CollectStages(config, &Stage::depth));
  ChooseSrRatios(said, published, config);
  SEGFORGE_RETURN_IF_ERROR(ChooseHeads(said, config));
  config.variant = VariantOf(config);
  if (said) config.class_names = said->class_names;
  return config;
}

}  // namespace segforge
