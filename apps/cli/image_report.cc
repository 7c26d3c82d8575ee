#include "image_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "text.h"

namespace segforge::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kAreasShown = 8;

double Percent(int64_t part, int64_t whole) {
  return 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

// File names need not be UTF-8, which JSON must be.
std::string Dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json ImageAndAreas(const ImageReport& report, const ModelInfo& model) {
  Json json = {{"image", report.input}, {"height", report.height}, {"width", report.width}};
  json["classes"] = Json::array();
  for (size_t label = 0; label < report.pixels.size(); ++label) {
    const int64_t pixels = report.pixels[label];
    json["classes"].push_back({{"label", label},
                               {"name", model.class_names[label]},
                               {"pixels", pixels},
                               {"percent", Percent(pixels, report.height * report.width)}});
  }
  if (report.rejected > 0) {
    json["rejected"] = {{"pixels", report.rejected},
                        {"percent", Percent(report.rejected, report.height * report.width)}};
  }
  return json;
}

}  // namespace

std::string NameOf(const std::string& input) { return input == "-" ? "standard input" : input; }

std::string ModelLine(const ModelInfo& model) {
  return fmt::format("{} ({}), {} classes, {} parameters", model.name, model.family, model.classes,
                     Millions(model.parameters));
}

void PrintImage(std::FILE* file, const ImageReport& report) {
  std::string outputs;
  for (const std::string& output : report.outputs) outputs += (outputs.empty() ? "" : ", ") + OneLine(output);
  fmt::print(file, "{} {}×{} → {}  · {} (decode {}, resize {}, engine {}, labels {}, encode {})\n",
             OneLine(report.input), report.width, report.height, outputs, Duration(report.total()),
             Duration(report.decode), Duration(report.timings.resize), Duration(report.timings.engine),
             Duration(report.timings.labels), Duration(report.encode));
}

void PrintAreas(std::FILE* file, const std::vector<int64_t>& pixels, int64_t rejected,
                const ModelInfo& model) {
  std::vector<size_t> order;
  for (size_t label = 0; label < pixels.size(); ++label) {
    if (pixels[label] > 0) order.push_back(label);
  }
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return pixels[a] > pixels[b]; });
  const int64_t all = std::accumulate(pixels.begin(), pixels.end(), int64_t{0});
  std::string line;
  for (size_t i = 0; i < std::min(order.size(), kAreasShown); ++i) {
    const size_t label = order[i];
    line += fmt::format("{}{} {:.1f} %", i == 0 ? "" : "  ", OneLine(model.class_names[label]),
                        Percent(pixels[label], all));
  }
  if (order.size() > kAreasShown) line += "  …";
  if (rejected > 0)
    line += fmt::format("  (rejected: {:.1f} % of the image)", Percent(rejected, all + rejected));
  fmt::print(file, "{}\n", line);
}

std::string AreasJson(const ImageReport& report, const ModelInfo& model) {
  return Dump(ImageAndAreas(report, model));
}

std::string ReportJson(const ImageReport& report, const ModelInfo& model, const std::string& device) {
  Json json = ImageAndAreas(report, model);
  json["outputs"] = report.outputs;
  json["network_input"] = {{"height", report.network_height}, {"width", report.network_width}};
  json["model"] = {{"name", model.name}, {"family", model.family}, {"parameters", model.parameters}};
  json["device"] = device;
  json["times_ms"] = {{"decode", report.decode},         {"resize", report.timings.resize},
                      {"engine", report.timings.engine}, {"labels", report.timings.labels},
                      {"encode", report.encode},         {"total", report.total()}};
  return Dump(json);
}

std::string FailureJson(const std::string& input, const std::string& message) {
  return Dump({{"image", input}, {"error", message}});
}

}  // namespace segforge::cli
