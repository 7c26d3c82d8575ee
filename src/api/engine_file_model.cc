#include "api/engine_file_model.h"

#include <algorithm>

#include "api/device.h"
#include "api/model_info.h"
#include "api/model_locator.h"
#include "backend/cuda/cuda.h"
#include "passes/split_mix_ffn.h"

namespace segforge {
namespace {

// "cpu", or the GPU's architecture, which is what an engine file is bound to.
Result<std::string> ArchitectureOf(const Backend& backend) {
  if (!backend.on_cuda()) return std::string("cpu");
  SEGFORGE_ASSIGN_OR_RETURN(const CudaDevice device, DescribeCudaDevice(backend.device().index));
  return fmt::format("{}, compute capability {}.{}", device.name, device.compute_major, device.compute_minor);
}

bool IsOfArchitecture(const EngineBuild& build, const Backend& backend) {
  if (build.device != backend.device().kind) return false;
  if (!backend.on_cuda()) return true;
  const Result<CudaDevice> device = DescribeCudaDevice(backend.device().index);
  return device.ok() &&
         build.compute_capability == fmt::format("{}.{}", device->compute_major, device->compute_minor);
}

std::string ListOf(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ",") + name;
  return list.empty() ? "none" : list;
}

Status Contradiction(std::string_view what, std::string_view built, std::string_view wanted) {
  return InvalidInput("built with {} {}, asked for {}; leave that out, or build another engine file", what,
                      built, wanted);
}

Result<std::vector<Backend>> BackendsFor(const EngineBuild& build, const SegmenterOptions& options) {
  if (!options.device.empty()) return MakeBackends(options.device);
  return MakeBackends(build.device == DeviceId::Kind::kCuda ? "cuda" : "cpu");
}

// What the device for which it was fused had a kernel for, and this one has not, in parts.
Result<std::unique_ptr<Engine>> RebuildEngine(Graph graph, const Backend& backend) {
  SEGFORGE_RETURN_IF_ERROR(SplitMixFfn(graph, [&](const Graph& whole, const Node& node) {
                             return !backend.Takes(whole, node);
                           }).status());
  return Engine::OfOptimized(graph, backend);
}

Result<ModelEngine> MakeEngine(const EngineFile& file, const SegmenterOptions& options) {
  SEGFORGE_RETURN_IF_ERROR(CheckAgrees(file.build, options));
  SEGFORGE_ASSIGN_OR_RETURN(const std::vector<Backend> backends, BackendsFor(file.build, options));
  const auto other = std::ranges::find_if(
      backends, [&](const Backend& backend) { return !IsOfArchitecture(file.build, backend); });
  const bool as_built = other == backends.end();
  if (!as_built && !options.allow_rebuild) {
    SEGFORGE_ASSIGN_OR_RETURN(const std::string here, ArchitectureOf(*other));
    return Unsupported(
        "built for {}, this is {}; build it anew, or --allow-rebuild to do without its timings",
        DescribeBuild(file.build).device, here);
  }
  ModelEngine model;
  model.threads = ResolveThreads(options.threads);
  model.precision = file.build.precision;
  model.device = backends.front().device();
  model.device_line = DeviceLine(backends, model.precision, model.threads);
  if (!as_built) model.device_line += ", rebuilt: the timings of another device are dropped";
  model.label_kernel = backends.front().traits().labels;
  model.info = Describe(file.model);
  model.preprocessing = file.model.preprocessing;
  for (const Backend& backend : backends) {
    SEGFORGE_ASSIGN_OR_RETURN(auto engine, as_built ? Engine::OfOptimized(file.model.graph, backend)
                                                    : RebuildEngine(file.model.graph, backend));
    for (const SizeTactics& one : file.build.sizes) {
      if (as_built) SEGFORGE_RETURN_IF_ERROR(engine->UseTactics(one.size, one.tactics));
    }
    model.engines.push_back(std::move(engine));
  }
  return model;
}

}  // namespace

Status CheckAgrees(const EngineBuild& build, const SegmenterOptions& options) {
  if (options.precision != "auto" && options.precision != NameOf(build.precision)) {
    return Contradiction("precision", NameOf(build.precision), options.precision);
  }
  if (!options.fp32_layers.empty() && options.fp32_layers != build.fp32_layers) {
    return Contradiction("fp32 layers", ListOf(build.fp32_layers), ListOf(options.fp32_layers));
  }
  if (!options.disabled_passes.empty() && options.disabled_passes != build.disabled_passes) {
    return Contradiction("disabled passes", ListOf(build.disabled_passes), ListOf(options.disabled_passes));
  }
  if (!options.fuse.empty() && options.fuse != build.fuse) {
    return Contradiction("fusions", ListOf(build.fuse), ListOf(options.fuse));
  }
  if (options.layer_norm_eps && options.layer_norm_eps != build.layer_norm_eps) {
    return Contradiction("LayerNorm eps",
                         build.layer_norm_eps ? fmt::format("{}", *build.layer_norm_eps) : "of its family",
                         fmt::format("{}", *options.layer_norm_eps));
  }
  return Status();
}

bool IsEngineFileModel(const std::string& model) {
  const Result<std::filesystem::path> path = LocateModel(model);
  return path.ok() && IsEngineFile(*path);
}

Result<EngineFile> OpenEngineFile(const std::string& model) {
  SEGFORGE_ASSIGN_OR_RETURN(const std::filesystem::path path, LocateModel(model));
  return ReadEngineFile(path);
}

Result<ModelEngine> LoadEngineFileModel(const std::string& model, const SegmenterOptions& options) {
  SEGFORGE_ASSIGN_OR_RETURN(const EngineFile file, OpenEngineFile(model));
  Result<ModelEngine> made = MakeEngine(file, options);
  if (!made.ok()) return made.status().Within(model);
  return made;
}

EngineFileInfo DescribeBuild(const EngineBuild& build) {
  EngineFileInfo info;
  info.built_by = build.built_by;
  info.source = build.source;
  info.source_digest = build.source_digest;
  info.device = build.device == DeviceId::Kind::kCuda
                    ? fmt::format("{}, compute capability {}", build.gpu, build.compute_capability)
                    : "cpu";
  info.precision = NameOf(build.precision);
  info.fp32_layers = build.fp32_layers;
  info.disabled_passes = build.disabled_passes;
  info.fuse = build.fuse;
  for (const SizeTactics& one : build.sizes) info.sizes.push_back({one.size.n, one.size.h, one.size.w});
  return info;
}

}  // namespace segforge
