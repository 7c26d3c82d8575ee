#include "model/model_from_onnx.h"

#include "model/build_graph.h"
#include "model/collect_weights.h"
#include "model/match_graph.h"
#include "model/metadata.h"
#include "model/structure_of_graph.h"
#include "model/summary.h"
#include "model/weight_slots.h"
#include "onnx/import.h"
#include "passes/fuse_gelu.h"
#include "passes/fuse_layer_norm.h"
#include "passes/fuse_upsample_sum.h"

namespace segforge {
namespace {

const NameTable& NamesOf(Family family) {
  for (const NameTable* names : NameTables()) {
    if (names->family == family) return *names;
  }
  return kHuggingFaceNames;
}

// The graph at that size, as published or with a folded head.
Result<Graph> PublishedGraph(const OnnxFile& onnx, const InputSize& size) {
  SEGFORGE_ASSIGN_OR_RETURN(Graph graph, ImportGraph(onnx, size));
  SEGFORGE_RETURN_IF_ERROR(FuseLayerNorm(graph).status());
  SEGFORGE_RETURN_IF_ERROR(FuseGelu(graph).status());
  SEGFORGE_RETURN_IF_ERROR(FuseUpsampleSum(graph).status());
  return graph;
}

// As fold-head leaves it: each stage's product, of which the first has the bias of all.
HeadWeights CollectFoldedHead(WeightSlots& slots, const NameTable& names, const ModelConfig& config) {
  const int64_t width = config.head_width;
  HeadWeights head;
  head.is_folded = true;
  for (size_t i = 0; i < config.stages.size(); ++i) {
    const Place place = {static_cast<int>(i), 0};
    const bool has_relu = config.family == Family::kMmseg1;
    head.proj[i].weight = slots.LinearWithoutBias(names.head_proj, place, width, config.stages[i].width);
    if (has_relu || i == 0) head.proj[i].bias = slots.Bias(names.head_proj, place, width);
    if (has_relu) head.fuse_parts[i].weight = slots.Columns(names.fuse, place.stage, width, width);
  }
  if (config.family == Family::kMmseg1) head.fuse_parts[0].bias = slots.Bias(names.fuse, {}, width);
  head.classifier = slots.Linear(names.classifier, {}, config.classes, width);
  return head;
}

ModelWeights CollectSlots(WeightSlots& slots, const GraphStructure& structure) {
  const ModelConfig& config = structure.config;
  const NameTable& names = NamesOf(config.family);
  if (structure.has_folded_head) {
    return {CollectEncoder(slots, names, config), CollectFoldedHead(slots, names, config)};
  }
  ModelWeights weights = CollectWeights(slots, names, config);
  if (structure.has_batch_norm) return weights;
  weights.head.fuse_bn = {};
  weights.head.fuse.bias = slots.Bias(names.fuse, {}, config.head_width);
  for (size_t i = 0; config.family == Family::kMmseg1 && i < config.stages.size(); ++i) {
    weights.head.proj_bn[i] = {};
    weights.head.proj[i].bias = slots.Bias(names.head_proj, {static_cast<int>(i), 0}, config.head_width);
  }
  return weights;
}

int64_t ConstantBytes(const Graph& graph) {
  int64_t bytes = 0;
  for (const NodeId id : graph.LiveNodes()) {
    if (graph.node(id).op == Op::kConstant)
      bytes += static_cast<int64_t>(graph.node(id).constant->view().bytes());
  }
  return bytes;
}

// A structure of more weights than the graph has is not the graph's; it might be one of any size.
Status CheckSize(const GraphStructure& structure, const Graph& found) {
  WeightSlots counter(NamesOf(structure.config.family));
  CollectSlots(counter, structure);
  // Statistics of a folded BatchNorm are counted, though they are not there.
  const int64_t folded = structure.has_batch_norm ? 0 : 5 * 4 * structure.config.head_width * 4;
  const int64_t has = ConstantBytes(found);
  if (counter.bytes() <= has + folded) return Status();
  return Unsupported("no SegFormer: expected {} bytes of weights, got {}", counter.bytes() - folded, has);
}

}  // namespace

Result<Model> ModelFromOnnx(const OnnxFile& onnx, const std::optional<HfConfig>& said,
                            const LoadModelOptions& options) {
  SEGFORGE_ASSIGN_OR_RETURN(const std::vector<InputSize> sizes, SizesToImport(onnx));
  SEGFORGE_ASSIGN_OR_RETURN(Graph found, PublishedGraph(onnx, sizes[0]));
  SEGFORGE_ASSIGN_OR_RETURN(GraphStructure structure, StructureOfGraph(found));
  SEGFORGE_RETURN_IF_ERROR(CheckSize(structure, found));
  WeightSlots slots(NamesOf(structure.config.family));
  slots.set_mode(WeightSlots::Mode::kGive);
  SEGFORGE_ASSIGN_OR_RETURN(const Graph expected,
                            BuildGraph(structure.config, CollectSlots(slots, structure)));
  SEGFORGE_RETURN_IF_ERROR(MatchGraph(expected, found, sizes[0], slots));
  for (size_t i = 1; i < sizes.size(); ++i) {
    SEGFORGE_ASSIGN_OR_RETURN(found, PublishedGraph(onnx, sizes[i]));
    SEGFORGE_RETURN_IF_ERROR(MatchGraph(expected, found, sizes[i], slots));
  }
  Model model;
  model.config = structure.config;
  if (said) {
    SEGFORGE_RETURN_IF_ERROR(CheckAgrees(*said, model.config));
    model.config.class_names = said->class_names;
  }
  OverrideEps(options, model.config);
  SEGFORGE_ASSIGN_OR_RETURN(model.graph, BuildGraph(model.config, CollectSlots(slots, structure)));
  model.parameters = Summarize(model.graph, {.n = 1, .h = 32, .w = 32}).total.parameters;
  if (model.config.family != Family::kHuggingFace) model.preprocessing.resample = Resample::kOpenCv;
  SEGFORGE_RETURN_IF_ERROR(ReadMetadata(onnx.metadata, model));
  return model;
}

}  // namespace segforge
