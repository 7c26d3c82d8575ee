#include "video_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "image_report.h"
#include "text.h"

namespace segforge::cli {
namespace {

using Json = nlohmann::ordered_json;

double FramesPerSecond(const VideoReport& report) {
  return report.elapsed > 0 ? static_cast<double>(report.frames) / (report.elapsed / 1000) : 0;
}

// ", 30 segmented, 4 dropped", where not every frame was.
std::string Exceptions(const VideoReport& report) {
  std::string text;
  if (report.segmented != report.frames) text += fmt::format(", {} segmented", report.segmented);
  if (report.dropped > 0) text += fmt::format(", {} dropped", report.dropped);
  return text;
}

}  // namespace

void PrintVideo(std::FILE* file, const VideoSummary& summary) {
  const VideoReport& report = summary.report;
  fmt::print(file, "{} · {}\n", ModelLine(summary.model), summary.device);
  fmt::print(
      file,
      "{} {}×{} → {}  · {} frames ({:.1f} s){} in {}, {:.1f} frames/s (decode {}, resize {}, engine {}, "
      "labels {}, encode {})\n",
      OneLine(summary.input), report.width, report.height, OneLine(summary.output), report.frames,
      report.seconds, Exceptions(report), Duration(report.elapsed), FramesPerSecond(report),
      Duration(report.decode), Duration(report.network.resize), Duration(report.network.engine),
      Duration(report.network.labels), Duration(report.encode));
  if (!report.audio_left_out.empty()) {
    fmt::print(file, "audio left out, which this kind of file cannot hold: {}\n",
               fmt::join(report.audio_left_out, ", "));
  }
  PrintAreas(file, report.pixels, report.rejected, summary.model);
}

std::string VideoJson(const VideoSummary& summary) {
  const VideoReport& report = summary.report;
  Json json = {{"video", summary.input},
               {"output", summary.output},
               {"height", report.height},
               {"width", report.width},
               {"frames", report.frames},
               {"segmented", report.segmented},
               {"dropped", report.dropped},
               {"seconds", report.seconds},
               {"frames_per_second", FramesPerSecond(report)}};
  if (!report.damage.empty()) json["damage"] = report.damage;
  json["codec"] = report.codec;
  json["audio"] = {{"copied", report.audio_streams}, {"left_out", report.audio_left_out}};
  const auto all = static_cast<double>(report.frames * report.height * report.width);
  json["classes"] = Json::array();
  for (size_t label = 0; label < report.pixels.size(); ++label) {
    json["classes"].push_back(
        {{"label", label},
         {"name", summary.model.class_names[label]},
         {"pixels", report.pixels[label]},
         {"percent", all > 0 ? 100.0 * static_cast<double>(report.pixels[label]) / all : 0.0}});
  }
  json["network_input"] = {{"height", report.network_height}, {"width", report.network_width}};
  json["model"] = {{"name", summary.model.name},
                   {"family", summary.model.family},
                   {"parameters", summary.model.parameters}};
  json["device"] = summary.device;
  json["times_ms"] = {{"decode", report.decode},         {"resize", report.network.resize},
                      {"engine", report.network.engine}, {"labels", report.network.labels},
                      {"encode", report.encode},         {"elapsed", report.elapsed}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace segforge::cli
