#include <cmath>
#include <nlohmann/json.hpp>

#include "profile_report.h"
#include "profile_tree.h"

namespace segforge::cli {
namespace {

using Json = nlohmann::ordered_json;

// Whole microseconds: Perfetto drops events of a thread that overlap without nesting, and sums of fractions
// that it rounds would.
int64_t Microseconds(double ms) { return std::llround(ms * 1e3); }

Json Complete(const std::string& name, const char* category, double start_ms, double end_ms) {
  const int64_t start_us = Microseconds(start_ms);
  return {{"name", name},
          {"cat", category},
          {"ph", "X"},
          {"ts", start_us},
          {"dur", Microseconds(end_ms) - start_us},
          {"pid", 1},
          {"tid", 1}};
}

void AddEvents(const ModelProfile& profile, const ProfileNode& node, Json& events) {
  const bool leaf = node.children.empty();
  Json event = Complete(node.name, leaf ? "layer" : "part", node.start_ms, node.end_ms);
  if (leaf && node.first < profile.layers.size()) {
    const LayerProfile& layer = profile.layers[node.first];
    event["args"] = {{"layer", layer.name},           {"kind", layer.kind},
                     {"kernel", layer.kernel},        {"output", ShapeText(layer.output)},
                     {"gflop", layer.gflop},          {"bytes", layer.bytes},
                     {"median_ms", layer.ms},         {"fma_share", layer.fma_share},
                     {"copy_share", layer.copy_share}};
  }
  events.push_back(std::move(event));
  for (const ProfileNode& child : node.children) AddEvents(profile, child, events);
}

Json Named(const char* what, const std::string& name) {
  return {{"name", what}, {"ph", "M"}, {"pid", 1}, {"tid", 1}, {"args", {{"name", name}}}};
}

}  // namespace

std::string ProfileTrace(const ModelProfile& profile) {
  Json events = Json::array();
  events.push_back(Named("process_name", "segforge: " + profile.model));
  events.push_back(Named("thread_name", profile.device));
  AddEvents(profile, TreeOf(profile), events);
  const Json json = {{"displayTimeUnit", "ms"}, {"traceEvents", std::move(events)}};
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace segforge::cli
