#include "inspect_json.h"

#include <nlohmann/json.hpp>

namespace segforge::cli {
namespace {

using Json = nlohmann::ordered_json;

Json Model(const ModelReport& report) {
  const ModelInfo& info = report.info;
  Json json = {{"name", info.name},
               {"variant", info.variant},
               {"family", info.family},
               {"license", info.license.empty() ? Json() : Json(info.license)},
               {"parameters", info.parameters},
               {"classes", info.classes}};
  json["class_names"] = info.class_names_known ? Json(info.class_names) : Json();
  json["head_width"] = info.head_width;
  json["stages"] = Json::array();
  for (const StageInfo& stage : info.stages) {
    json["stages"].push_back({{"width", stage.width},
                              {"blocks", stage.blocks},
                              {"heads", stage.heads},
                              {"sr_ratio", stage.sr_ratio},
                              {"ffn_width", stage.ffn_width}});
  }
  const auto& eps = report.layer_norm_eps;
  json["layer_norm_eps"] = {{"patch", eps[0]}, {"block", eps[1]}, {"sr", eps[2]}, {"stage", eps[3]}};
  return json;
}

Json PreprocessingOf(const ModelInfo& info) {
  Json json;
  json["size"] =
      info.config_height == 0 ? Json() : Json{{"height", info.config_height}, {"width", info.config_width}};
  json["resample"] = info.resampling == Resampling::kPillow ? "pillow" : "opencv";
  json["rescale"] = info.rescale;
  json["mean"] = info.mean;
  json["std"] = info.std;
  json["reduce_zero_label"] = info.reduce_zero_label;
  return json;
}

Json EngineFileOf(const EngineFileInfo& file) {
  Json sizes = Json::array();
  for (const EngineSize& size : file.sizes) {
    sizes.push_back({{"batch", size.batch}, {"height", size.height}, {"width", size.width}});
  }
  return {{"built_by", file.built_by},
          {"source", file.source},
          {"source_digest", file.source_digest},
          {"device", file.device},
          {"precision", file.precision},
          {"fp32_layers", file.fp32_layers},
          {"disabled_passes", file.disabled_passes},
          {"fuse", file.fuse},
          {"sizes", sizes}};
}

Json Costs(const ModelReport& report, const InspectOptions& options) {
  Json json = {{"height", options.segmenter.height}, {"width", options.segmenter.width}};
  json["parts"] = Json::array();
  int64_t published = 0;
  int64_t folded = 0;
  for (const PartCost& part : report.parts) {
    json["parts"].push_back({{"name", part.name},
                             {"height", part.height},
                             {"width", part.width},
                             {"parameters", part.parameters},
                             {"published_macs", report.engine_file ? Json() : Json(part.published_macs)},
                             {"folded_macs", part.folded_macs}});
    published += part.published_macs;
    folded += part.folded_macs;
  }
  json["published_macs"] = report.engine_file ? Json() : Json(published);
  json["folded_macs"] = folded;
  return json;
}

}  // namespace

std::string InspectJson(const ModelReport& report, const InspectOptions& options) {
  Json json = Model(report);
  if (report.engine_file) json["engine_file"] = EngineFileOf(*report.engine_file);
  json["preprocessing"] = PreprocessingOf(report.info);
  json["cost"] = Costs(report, options);
  json["passes"] = Json::array();
  for (const PassResult& pass : report.passes) {
    json["passes"].push_back({{"name", pass.name}, {"summary", pass.summary}, {"rewrites", pass.rewrites}});
  }
  if (options.graph) {
    json["published_graph"] = report.engine_file ? Json() : Json(report.published_graph);
    json["folded_graph"] = report.folded_graph;
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace segforge::cli
