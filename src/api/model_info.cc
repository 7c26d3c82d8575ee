#include "api/model_info.h"

#include "api/colors.h"
#include "api/model_locator.h"

namespace segforge {
namespace {

std::string NameOf(Family family) {
  switch (family) {
    case Family::kNvlabs:
      return "NVlabs";
    case Family::kHuggingFace:
      return "Hugging Face";
    case Family::kMmseg1:
      return "mmseg 1.x";
  }
  SEGFORGE_CHECK(false);
}

void DescribeArchitecture(const ModelConfig& config, ModelInfo& info) {
  info.name = "SegFormer-" + config.variant;
  info.variant = config.variant;
  info.family = NameOf(config.family);
  info.head_width = config.head_width;
  for (size_t i = 0; i < config.stages.size(); ++i) {
    const Stage& stage = config.stages[i];
    info.stages[i] = {stage.width, stage.depth, stage.heads, stage.sr_ratio, stage.ffn_width};
  }
}

// Checkpoints of the two great data sets rarely carry names, and hardly anything else has their class counts.
std::vector<std::string> LikelyNames(int64_t classes) {
  return classes == 19 || classes == 150 ? DefaultPalette(classes).names : std::vector<std::string>();
}

void DescribeClasses(const ModelConfig& config, ModelInfo& info) {
  info.classes = config.classes;
  info.class_names_known = !config.class_names.empty();
  info.class_names = info.class_names_known ? config.class_names : LikelyNames(config.classes);
  for (auto i = static_cast<int64_t>(info.class_names.size()); i < config.classes; ++i) {
    info.class_names.push_back(fmt::format("class {}", i));
  }
}

void DescribePreprocessing(const Preprocessing& preprocessing, ModelInfo& info) {
  if (preprocessing.size) {
    info.config_height = preprocessing.size->height;
    info.config_width = preprocessing.size->width;
  }
  info.resampling = preprocessing.resample == Resample::kPillow ? Resampling::kPillow : Resampling::kOpenCv;
  info.rescale = preprocessing.rescale;
  info.mean = preprocessing.mean;
  info.std = preprocessing.std;
  info.reduce_zero_label = preprocessing.reduce_zero_label;
}

}  // namespace

ModelInfo Describe(const Model& model) {
  ModelInfo info;
  DescribeArchitecture(model.config, info);
  DescribeClasses(model.config, info);
  DescribePreprocessing(model.preprocessing, info);
  info.parameters = model.parameters;
  info.license = model.license;
  return info;
}

Result<Model> LocateAndLoad(const std::string& name, const SegmenterOptions& options) {
  SEGFORGE_ASSIGN_OR_RETURN(const std::filesystem::path path, LocateModel(name));
  LoadModelOptions load;
  load.layer_norm_eps = options.layer_norm_eps;
  return LoadModel(path, load);
}

}  // namespace segforge
