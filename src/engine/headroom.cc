#include "engine/headroom.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace segforge {
namespace {

// NaN and infinity count as infinite: what follows from them says nothing.
double Greatest(std::span<const float> values) {
  float greatest = 0;
  bool finite = true;
  for (const float value : values) {
    greatest = std::max(greatest, std::abs(value));
    finite = finite && std::isfinite(value);
  }
  return finite ? static_cast<double>(greatest) : std::numeric_limits<double>::infinity();
}

bool IsComputed(const Node& node) { return node.op != Op::kInput && node.op != Op::kConstant; }

// Nodes of two graphs are the same that yield the same published value, or what passes made of several and
// named.
std::pair<bool, std::string> IdentityOf(const Node& node) {
  return node.value.empty() ? std::pair(false, node.name) : std::pair(true, node.value);
}

// Ops that the passes below make hold values which they neither read nor give.
std::vector<std::string> Opened(std::vector<std::string> disabled) {
  disabled.insert(disabled.end(), {"fuse-mix-ffn", "fuse-decode-head"});
  return disabled;
}

}  // namespace

Result<HeadroomMeter> HeadroomMeter::Make(const Graph& published, const Backend& backend,
                                          const EngineOptions& options, int threads) {
  EngineOptions fp32 = {.passes = options.passes};
  SEGFORGE_ASSIGN_OR_RETURN(const OptimizedGraph last, Optimize(published, backend, fp32));
  fp32.passes.disabled = Opened(std::move(fp32.passes.disabled));
  SEGFORGE_ASSIGN_OR_RETURN(OptimizedGraph opened, Optimize(published, backend, fp32));
  SEGFORGE_ASSIGN_OR_RETURN(std::unique_ptr<Engine> engine, Engine::OfOptimized(opened.graph, backend));
  SEGFORGE_ASSIGN_OR_RETURN(std::unique_ptr<Session> session, engine->NewSession(threads));
  HeadroomMeter meter(std::move(opened.graph), std::move(engine), std::move(session));
  meter.FindLayers(last.graph);
  return meter;
}

// A node that the final graph does not have has become part of the one that reads its value.
void HeadroomMeter::FindLayers(const Graph& final_graph) {
  std::map<std::pair<bool, std::string>, std::ptrdiff_t> known;
  for (const NodeId id : final_graph.LiveNodes()) {
    const Node& node = final_graph.node(id);
    if (!IsComputed(node)) continue;
    known.emplace(IdentityOf(node), std::ssize(layers_));
    layers_.push_back({node.name, node.op, 0});
  }
  const std::vector<NodeId> live = graph_.LiveNodes();
  const auto readers = graph_.Readers();
  greatest_.assign(static_cast<size_t>(graph_.size()), 0);
  layer_of_.assign(static_cast<size_t>(graph_.size()), -1);
  for (auto it = live.rbegin(); it != live.rend(); ++it) {  // readers first
    const Node& node = graph_.node(*it);
    std::ptrdiff_t& layer = layer_of_[static_cast<size_t>(*it)];
    if (!IsComputed(node)) continue;
    const auto found = known.find(IdentityOf(node));
    if (found != known.end()) {
      layer = found->second;
    } else if (const auto& readers_of = readers[static_cast<size_t>(*it)]; !readers_of.empty()) {
      layer = layer_of_[static_cast<size_t>(readers_of.front())];
    }
  }
  for (const NodeId id : live) {
    const Node& node = graph_.node(id);
    if (IsComputed(node)) steps_.push_back(id);
    if (node.constant != nullptr) greatest_[static_cast<size_t>(id)] = Greatest(node.constant->span<float>());
  }
}

Status HeadroomMeter::Add(const ImageView& image, ImageSize size, const Preprocessing& preprocessing) {
  SEGFORGE_ASSIGN_OR_RETURN(const auto plan,
                            engine_->PlanFor({1, size.height, size.width}, session_->threads()));
  SEGFORGE_CHECK(plan->steps.size() == steps_.size());
  SEGFORGE_RETURN_IF_ERROR(session_->Prepare(plan));
  SEGFORGE_RETURN_IF_ERROR(FillInput(image, preprocessing, session_->input(), session_->pool()));
  Status fetched;
  SEGFORGE_RETURN_IF_ERROR(session_->Execute([&](size_t step) {
    const Result<ConstTensorView> value = session_->step_output(step);
    if (!value.ok()) {
      fetched = value.status();
      return;
    }
    double& greatest = greatest_[static_cast<size_t>(steps_[step])];
    greatest = std::max(greatest, Greatest(value->span<float>()));
  }));
  return fetched;
}

std::vector<LayerHeadroom> HeadroomMeter::Layers() const {
  std::vector<LayerHeadroom> layers = layers_;
  for (const NodeId id : steps_) {
    const std::ptrdiff_t index = layer_of_[static_cast<size_t>(id)];
    if (index < 0) continue;
    LayerHeadroom& layer = layers[static_cast<size_t>(index)];
    layer.greatest = std::max(layer.greatest, greatest_[static_cast<size_t>(id)]);
    for (const NodeId input : graph_.node(id).inputs) {
      layer.greatest = std::max(layer.greatest, greatest_[static_cast<size_t>(input)]);
    }
  }
  std::ranges::stable_sort(layers, std::greater(), &LayerHeadroom::greatest);
  return layers;
}

std::vector<std::string> LayersBelow(const std::vector<LayerHeadroom>& layers, double headroom) {
  std::vector<std::string> names;
  for (const LayerHeadroom& layer : layers) {
    if (layer.headroom() < headroom) names.push_back(layer.name);
  }
  return names;
}

}  // namespace segforge
