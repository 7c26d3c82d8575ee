#include "api/error.h"
#include "api/model_info.h"
#include "api/network_input.h"
#include "ir/graph.h"
#include "passes/pipeline.h"

namespace segforge {
namespace {

constexpr size_t kHead = 4;  // parts 0..3 are the stages

// Nodes are named after their place: "stage1.block0.attention.q", "head.fuse".
size_t PartOf(const Node& node) {
  for (size_t stage = 0; stage < kHead; ++stage) {
    if (node.name.starts_with(fmt::format("stage{}.", stage + 1))) return stage;
  }
  return kHead;
}

int64_t ParametersOf(const Graph& graph, const Node& node) {
  int64_t elems = 0;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const Tensor* constant = graph.ConstantInput(node, i);
    if (constant != nullptr) elems += constant->shape().elems();
  }
  return elems;
}

void AddPublished(const Graph& graph, const InputSize& size, std::vector<PartCost>& parts) {
  for (const NodeId id : graph.LiveNodes()) {
    const Node& node = graph.node(id);
    if (node.op == Op::kInput || node.op == Op::kConstant) continue;
    PartCost& part = parts[PartOf(node)];
    part.published_macs += CountMacs(graph, node, size);
    part.parameters += ParametersOf(graph, node);
    const Shape shape = Evaluate(node.type.shape, size);
    if (shape.rank() == 4) {
      part.height = shape[1];
      part.width = shape[2];
    }
  }
}

void AddFolded(const Graph& graph, const InputSize& size, std::vector<PartCost>& parts) {
  for (const NodeId id : graph.LiveNodes()) {
    const Node& node = graph.node(id);
    parts[PartOf(node)].folded_macs += CountMacs(graph, node, size);
  }
}

std::vector<PartCost> NamedParts() {
  std::vector<PartCost> parts(kHead + 1);
  for (size_t stage = 0; stage < kHead; ++stage) parts[stage].name = fmt::format("stage {}", stage + 1);
  parts[kHead].name = "head";
  return parts;
}

std::vector<PassResult> RunPipeline(Graph& graph, const SegmenterOptions& options) {
  const Backend backend = Unwrap(MakeBackend(options.backend));
  PassOptions passes;
  passes.disabled = options.disabled_passes;
  passes.offers = [&backend](Op op) { return backend.Offers(op); };
  std::vector<PassResult> results;
  for (const PassReport& report : Unwrap(RunPasses(graph, passes))) {
    results.push_back({std::string(report.name), "", report.rewrites});
    for (const Pass& pass : Pipeline()) {
      if (pass.name == report.name) results.back().summary = pass.summary;
    }
  }
  return results;
}

}  // namespace

ModelReport InspectModel(const std::string& model, int64_t height, int64_t width,
                         const SegmenterOptions& options) {
  SegmenterOptions fixed;
  fixed.size = NetworkSize::kFixed;
  fixed.height = height;
  fixed.width = width;
  ThrowIfError(CheckSizeOptions(fixed));
  Model loaded = Unwrap(LocateAndLoad(model, options));

  ModelReport report;
  report.info = Describe(loaded);
  const ModelConfig& config = loaded.config;
  report.layer_norm_eps = {config.eps_patch, config.eps_block, config.eps_sr, config.eps_stage};
  const InputSize size = {1, height, width};
  report.parts = NamedParts();
  AddPublished(loaded.graph, size, report.parts);
  report.published_graph = Print(loaded.graph);
  report.passes = RunPipeline(loaded.graph, options);
  AddFolded(loaded.graph, size, report.parts);
  report.folded_graph = Print(loaded.graph);
  return report;
}

}  // namespace segforge
