#include "tests/network.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>

namespace segforge {
namespace {

Tensor CopyOf(const ConstTensorView& view) {
  Tensor copy(view.dtype, view.shape);
  std::memcpy(copy.view().data, view.data, view.bytes());
  return copy;
}

Result<Tensor> Array(const Checkpoint& arrays, const std::string& name) {
  const ConstTensorView* array = arrays.Find(name);
  if (array == nullptr) return InvalidInput("no array \"{}\"", name);
  return CopyOf(*array);
}

Result<Reference> ReadReference(const Checkpoint& arrays, const std::string& name) {
  Reference reference;
  reference.name = name;
  SEGFORGE_ASSIGN_OR_RETURN(reference.image, Array(arrays, name + ".image"));
  SEGFORGE_ASSIGN_OR_RETURN(reference.logits, Array(arrays, name + ".logits"));
  SEGFORGE_ASSIGN_OR_RETURN(reference.labels, Array(arrays, name + ".labels"));
  for (int stage = 0; stage < 4; ++stage) {
    if (auto hidden = Array(arrays, fmt::format("{}.hidden{}", name, stage)); hidden.ok()) {
      reference.hidden.push_back(std::move(hidden).value());
    }
  }
  return reference;
}

// By convention of the model's graph, the LayerNorm that closes stage K is called "stageK.norm".
Status AddStageOutputs(Graph& graph) {
  for (int stage = 1; stage <= 4; ++stage) {
    const std::string name = fmt::format("stage{}.norm", stage);
    const size_t before = graph.outputs().size();
    for (NodeId id = 0; id < graph.size(); ++id) {
      if (graph.node(id).name == name) graph.AddOutput(fmt::format("hidden{}", stage - 1), id);
    }
    if (graph.outputs().size() != before + 1) return InvalidInput("not one node is called \"{}\"", name);
  }
  return Status();
}

}  // namespace

std::filesystem::path InSource(const std::string& path) {
  return std::filesystem::path(SEGFORGE_SOURCE_DIR) / path;
}

std::filesystem::path InShared(const std::string& path) {
  const char* shared = std::getenv("SEGFORGE_SHARED");
  return (shared != nullptr ? std::filesystem::path(shared) : InSource("../shared")) / path;
}

Result<Reference> StoredReference() {
  Checkpoint arrays;
  for (const char* part : {"image", "logits", "labels"}) {
    const std::string name = std::string("scene_7005.") + part;
    SEGFORGE_ASSIGN_OR_RETURN(Checkpoint one, OpenNpy(InSource("tests/data/golden/" + name + ".npy")));
    one.tensors[0].name = name;
    arrays.tensors.push_back(std::move(one.tensors[0]));
    arrays.owned.insert(arrays.owned.end(), one.owned.begin(), one.owned.end());
  }
  std::ranges::sort(arrays.tensors, {}, &NamedTensor::name);
  return ReadReference(arrays, "scene_7005");
}

Result<std::vector<Reference>> SharedReferences(const std::string& model) {
  SEGFORGE_ASSIGN_OR_RETURN(const Checkpoint arrays, OpenNpy(InShared("refs/" + model + ".refs.npz")));
  std::vector<Reference> references;
  for (const NamedTensor& array : arrays.tensors) {
    constexpr std::string_view kSuffix = ".image";
    if (!array.name.ends_with(kSuffix)) continue;
    const std::string name = array.name.substr(0, array.name.size() - kSuffix.size());
    SEGFORGE_ASSIGN_OR_RETURN(Reference reference, ReadReference(arrays, name));
    references.push_back(std::move(reference));
  }
  return references;
}

double LogitError(const Tensor& actual, const Tensor& expected) {
  const auto a = actual.span<float>();
  const auto e = expected.span<float>();
  const auto channels = static_cast<size_t>(expected.shape()[0]);
  const size_t pixels = e.size() / channels;
  float error = 0;
  float greatest = 0;
  for (size_t i = 0; i < e.size(); ++i) {
    const float difference = std::abs(a[i % pixels * channels + i / pixels] - e[i]);
    error = difference <= error ? error : difference;  // a NaN comes through
    greatest = std::max(greatest, std::abs(e[i]));
  }
  return static_cast<double>(error) / static_cast<double>(greatest);
}

double Disagreement(const Tensor& a, const Tensor& b) {
  SEGFORGE_CHECK(a.shape() == b.shape());
  const auto first = a.span<uint8_t>();
  const auto second = b.span<uint8_t>();
  size_t different = 0;
  for (size_t i = 0; i < first.size(); ++i) different += first[i] != second[i] ? 1 : 0;
  return static_cast<double>(different) / static_cast<double>(first.size());
}

double LogitTolerance(Precision precision) {
  return precision == Precision::kFp32 ? 1e-4 : 8 * UnitRoundoff(precision);
}
double LabelTolerance(Precision precision) {
  return precision == Precision::kFp32 ? 1e-5 : 2 * UnitRoundoff(precision);
}

Result<Network> Network::Load(const std::filesystem::path& path, const BackendCase& backend,
                              const Options& options) {
  SEGFORGE_ASSIGN_OR_RETURN(Model model, LoadModel(path, options.load));
  if (options.stage_outputs) SEGFORGE_RETURN_IF_ERROR(AddStageOutputs(model.graph));
  EngineOptions engine_options;
  engine_options.precision = backend.precision;
  if (!options.passes) engine_options.passes.disabled = {"all"};
  if (const char* name = std::getenv("SEGFORGE_DISABLE_PASSES")) engine_options.passes.disabled = {name};
  Network network;
  network.preprocessing_ = model.preprocessing;
  SEGFORGE_ASSIGN_OR_RETURN(network.engine_,
                            Engine::Build(std::move(model.graph), backend.make(), engine_options));
  SEGFORGE_ASSIGN_OR_RETURN(network.session_, network.engine_->NewSession(options.threads));
  return network;
}

Result<Prediction> Network::Run(std::span<const Tensor* const> images) {
  const Shape& size = images[0]->shape();
  const InputSize input_size = {static_cast<int64_t>(images.size()), size[0], size[1]};
  SEGFORGE_ASSIGN_OR_RETURN(const auto plan, engine_->PlanFor(input_size, session_->threads()));
  SEGFORGE_RETURN_IF_ERROR(session_->Prepare(plan));
  std::vector<ImageView> views;
  for (const Tensor* image : images) {
    views.push_back({image->span<uint8_t>().data(), size[0], size[1], size[1] * 3});
  }
  const RunResults results = {DType::kU8, false, true};
  SEGFORGE_RETURN_IF_ERROR(session_->Start(views, preprocessing_, results));
  std::vector<Tensor> labels;
  std::vector<LabelMaps> maps;
  maps.reserve(images.size());
  for (size_t i = 0; i < images.size(); ++i) labels.emplace_back(DType::kU8, Shape{size[0], size[1]});
  for (Tensor& map : labels) maps.push_back({map.view(), {}});
  SEGFORGE_RETURN_IF_ERROR(session_->Finish(maps).status());
  Prediction prediction;
  for (size_t i = 0; i < plan->outputs.size(); ++i) {
    SEGFORGE_ASSIGN_OR_RETURN(const ConstTensorView output, session_->output(i));
    prediction.outputs.push_back(CopyOf(output));
  }
  prediction.labels = std::move(labels.front());
  return prediction;
}

}  // namespace segforge
