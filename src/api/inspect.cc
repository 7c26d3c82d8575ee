#include "api/device.h"
#include "api/engine_file_model.h"
#include "api/error.h"
#include "api/model_info.h"
#include "api/network_input.h"
#include "model/summary.h"
#include "passes/pipeline.h"

namespace segforge {
namespace {

// Every stage's output is ceil(side / stride), because its patch embedding pads by half a kernel.
constexpr std::array<int64_t, 5> kOutputStrides = {4, 8, 16, 32, 4};

const PartSummary& PartOf(const Summary& summary, size_t part) {
  return part < summary.stages.size() ? summary.stages[part] : summary.head;
}

std::vector<PartCost> Costs(const Summary& published, const Summary& folded, const InputSize& size) {
  std::vector<PartCost> parts(kOutputStrides.size());
  for (size_t i = 0; i < parts.size(); ++i) {
    const int64_t stride = kOutputStrides[i];
    parts[i].name = i + 1 < parts.size() ? fmt::format("stage {}", i + 1) : "head";
    parts[i].height = (size.h + stride - 1) / stride;
    parts[i].width = (size.w + stride - 1) / stride;
    parts[i].parameters = PartOf(published, i).parameters;
    parts[i].published_macs = PartOf(published, i).macs;
    parts[i].folded_macs = PartOf(folded, i).macs;
  }
  return parts;
}

std::vector<PassResult> RunPipeline(Graph& graph, const SegmenterOptions& options) {
  const Backend backend = Unwrap(MakeBackend(options.device));
  PassOptions passes;
  passes.disabled = options.disabled_passes;
  passes.fuse = options.fuse;
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

std::array<float, 4> EpsOf(const ModelConfig& config) {
  return {config.eps_patch, config.eps_block, config.eps_sr, config.eps_stage};
}

// Its graph is the optimised one: what was published is not in the file.
ModelReport InspectEngineFile(const std::string& model, const InputSize& size,
                              const SegmenterOptions& options) {
  const EngineFile file = Unwrap(OpenEngineFile(model));
  ThrowIfError(CheckAgrees(file.build, options).Within(model));
  ModelReport report;
  report.info = Describe(file.model);
  report.engine_file = DescribeBuild(file.build);
  report.layer_norm_eps = EpsOf(file.model.config);
  const Summary summary = Summarize(file.model.graph, size);
  report.parts = Costs(summary, summary, size);
  for (PartCost& part : report.parts) part.published_macs = 0;
  report.folded_graph = Print(file.model.graph);
  return report;
}

}  // namespace

ModelReport InspectModel(const std::string& model, int64_t height, int64_t width,
                         const SegmenterOptions& options) {
  SegmenterOptions fixed;
  fixed.size = NetworkSize::kFixed;
  fixed.height = height;
  fixed.width = width;
  ThrowIfError(CheckSizeOptions(fixed));
  const InputSize size = {1, height, width};
  if (IsEngineFileModel(model)) return InspectEngineFile(model, size, options);
  Model loaded = Unwrap(LocateAndLoad(model, options));

  ModelReport report;
  report.info = Describe(loaded);
  report.layer_norm_eps = EpsOf(loaded.config);
  const Summary published = Summarize(loaded.graph, size);
  report.published_graph = Print(loaded.graph);
  report.passes = RunPipeline(loaded.graph, options);
  report.parts = Costs(published, Summarize(loaded.graph, size), size);
  report.folded_graph = Print(loaded.graph);
  return report;
}

}  // namespace segforge
