#include "model/model_from_checkpoint.h"

#include "model/build_graph.h"
#include "model/metadata.h"
#include "model/structure.h"
#include "model/summary.h"

namespace segforge {
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
  SEGFORGE_ASSIGN_OR_RETURN(const ModelWeights weights, ReadWeights(checkpoint, match, model.config));
  SEGFORGE_ASSIGN_OR_RETURN(model.graph, BuildGraph(model.config, weights));
  model.parameters = Summarize(model.graph, {.n = 1, .h = 32, .w = 32}).total.parameters;
  if (model.config.family != Family::kHuggingFace) model.preprocessing.resample = Resample::kOpenCv;
  SEGFORGE_RETURN_IF_ERROR(ReadMetadata(checkpoint.metadata, model));
  return model;
}

}  // namespace segforge
