// How far a network's values stay below the greatest that FP16 holds.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace segforge {

constexpr double kGreatestHalf = 65504;

struct LayerHeadroom {
  std::string name;  // of the node, as fp32_layers takes it
  Op op = Op::kInput;
  double greatest =
      0;  // of |value| among what it reads, holds and gives; infinite where a value is not finite
  double headroom() const { return kGreatestHalf / greatest; }  // below 1: FP16 overflows
};

// Watches the values of a graph that is computed in FP32. For one thread at a time.
class HeadroomMeter {
 public:
  // The graph as published. Passes that hide values inside of an op do not run; their values count for the op
  // that they become part of. Layers are those that the backend's graph has with the options' passes.
  static Result<HeadroomMeter> Make(const Graph& published, const Backend& backend,
                                    const EngineOptions& options, int threads);

  // Runs the network on an image, resized to `size`.
  Status Add(const ImageView& image, ImageSize size, const Preprocessing& preprocessing);

  std::vector<LayerHeadroom> Layers() const;  // of all images, the least headroom first

 private:
  HeadroomMeter(Graph graph, std::unique_ptr<Engine> engine, std::unique_ptr<Session> session)
      : graph_(std::move(graph)), engine_(std::move(engine)), session_(std::move(session)) {}
  void FindLayers(const Graph& final_graph);

  Graph graph_;  // as it is run here
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Session> session_;
  std::vector<NodeId> steps_;             // the node of each step
  std::vector<double> greatest_;          // of each node's value
  std::vector<LayerHeadroom> layers_;     // without values
  std::vector<std::ptrdiff_t> layer_of_;  // of each node, an index into layers_; -1 for none
};

// Names of those with less headroom than that.
std::vector<std::string> LayersBelow(const std::vector<LayerHeadroom>& layers, double headroom);

}  // namespace segforge
