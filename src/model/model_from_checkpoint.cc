#include "model/model_from_checkpoint.h"

#include "base/byte_reader.h"
#include "formats/json.h"
#include "model/build_graph.h"
#include "model/one_line.h"
#include "model/structure.h"
#include "model/summary.h"

namespace segforge {
namespace {

const std::string* FindMetadata(const Checkpoint& checkpoint, std::string_view key) {
  for (const auto& [name, value] : checkpoint.metadata) {
    if (name == key) return &value;
  }
  return nullptr;
}

// A list of names as JSON text. Names are a comfort: a list that does not fit the classes is left out.
std::vector<std::string> ClassNamesOf(const Checkpoint& checkpoint, int64_t classes) {
  const std::string* text = FindMetadata(checkpoint, "CLASSES");
  if (text == nullptr) return {};
  const Result<nlohmann::json> list = ParseJson(AsBytes(*text));
  if (!list.ok() || !list->is_array() || static_cast<int64_t>(list->size()) != classes) return {};
  std::vector<std::string> names;
  for (const nlohmann::json& name : *list) {
    if (!name.is_string()) return {};
    names.push_back(OneLine(name.get<std::string>()));
  }
  return names;
}

}  // namespace

void OverrideEps(const LoadModelOptions& options, ModelConfig& config) {
  if (!options.layer_norm_eps) return;
  config.eps_patch = config.eps_block = config.eps_sr = config.eps_stage = *options.layer_norm_eps;
}

Result<Model> ModelFromCheckpoint(const Checkpoint& checkpoint, const std::optional<HfConfig>& said,
                                  const LoadModelOptions& options) {
  SEGFORGE_ASSIGN_OR_RETURN(const FamilyMatch match, FindFamily(checkpoint));
  Model model;
  SEGFORGE_ASSIGN_OR_RETURN(model.config, FindStructure(checkpoint, match, said));
  OverrideEps(options, model.config);
  if (model.config.class_names.empty()) {
    model.config.class_names = ClassNamesOf(checkpoint, model.config.classes);
  }
  SEGFORGE_ASSIGN_OR_RETURN(const ModelWeights weights, ReadWeights(checkpoint, match, model.config));
  SEGFORGE_ASSIGN_OR_RETURN(model.graph, BuildGraph(model.config, weights));
  model.parameters = Summarize(model.graph, {.n = 1, .h = 32, .w = 32}).total.parameters;
  if (model.config.family != Family::kHuggingFace) model.preprocessing.resample = Resample::kOpenCv;
  if (const std::string* license = FindMetadata(checkpoint, "license")) model.license = OneLine(*license);
  return model;
}

}  // namespace segforge
