#include "compare_layers.h"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "exit_code.h"
#include "segforge/evaluate.h"
#include "segforge/files.h"
#include "text.h"

namespace segforge::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string ShapeText(const std::vector<int64_t>& shape) {
  std::string text = "[";
  for (const int64_t size : shape) text.append(text.size() == 1 ? "" : ", ").append(std::to_string(size));
  return text.append("]");
}

void Print(const std::string& image, const LayerReport& report) {
  fmt::print("{}\n{:<44} {:<16} {:<20} {:>9} {:>9}\n", OneLine(image), "layer", "operation", "shape",
             "max error", "relative");
  for (size_t i = 0; i < report.layers.size(); ++i) {
    const LayerDifference& layer = report.layers[i];
    fmt::print("{:<44} {:<16} {:<20} {:>9.2e} {:>9.2e}{}\n", OneLine(layer.name), layer.operation,
               ShapeText(layer.shape), layer.max_error, layer.relative_error,
               report.first_jump == i ? "  <- first jump" : "");
  }
  if (report.unmatched > 0) {
    fmt::print("{} steps of the candidate give values that the reference does not have\n", report.unmatched);
  }
  const std::string verdict = report.first_jump
                                  ? "the error first jumps at " + report.layers[*report.first_jump].name
                                  : "no layer's error jumps";
  fmt::print("{}\n", OneLine(verdict));
}

Json ToJson(const std::string& image, const LayerReport& report) {
  Json json = {{"image", image}, {"unmatched_steps", report.unmatched}};
  json["first_jump"] = report.first_jump ? Json(report.layers[*report.first_jump].name) : Json();
  json["layers"] = Json::array();
  for (const LayerDifference& layer : report.layers) {
    json["layers"].push_back({{"name", layer.name},
                              {"operation", layer.operation},
                              {"shape", layer.shape},
                              {"max_error", layer.max_error},
                              {"relative_error", layer.relative_error}});
  }
  return json;
}

// What cannot be run layer by layer is told before anything runs.
void Check(const CompareOptions& options) {
  std::error_code missing;
  if (std::filesystem::is_directory(options.reference, missing) && !IsModelFolder(options.reference)) {
    throw Error(ErrorCode::kInvalidInput,
                options.reference + ": --layers: expected a model as the reference, got stored results");
  }
  if (std::filesystem::path(options.reference).extension() == ".onnx") {
    throw Error(ErrorCode::kUnsupported,
                options.reference + ": --layers: expected a model that Segforge runs, got .onnx");
  }
}

}  // namespace

int CompareLayersOfImages(const CompareOptions& options, const std::string& candidate,
                          const std::vector<std::string>& images) {
  Check(options);
  const SegmenterOptions reference = OptionsOfReference(options);
  bool jumps = false;
  Json all = Json::array();
  for (const std::string& path : images) {
    const RgbImage image = LoadImage(path);
    const LayerReport report =
        CompareLayers(candidate, options.candidate_options, options.reference, reference, image.view());
    jumps = jumps || report.first_jump.has_value();
    if (options.json) {
      all.push_back(ToJson(path, report));
    } else {
      Print(path, report);
    }
  }
  if (options.json) fmt::print("{}\n", all.dump(-1, ' ', false, Json::error_handler_t::replace));
  return jumps ? kBad : kSuccess;
}

}  // namespace segforge::cli
