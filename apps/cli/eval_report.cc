#include "eval_report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "image_report.h"
#include "text.h"

namespace segforge::cli {
namespace {

using Json = nlohmann::ordered_json;

Json OrNull(const std::optional<double>& value) { return value ? Json(*value) : Json(); }

std::string Percent(const std::optional<double>& share) {
  return share ? fmt::format("{:.2f}", 100 * *share) : "-";
}

// Scores over no pixel at all are no zeros.
std::optional<double> Counted(const EvalReport& report, double share) {
  return report.quality.pixels > 0 ? std::optional(share) : std::nullopt;
}

double ImagesPerSecond(const EvalReport& report) {
  const double images = static_cast<double>(report.quality.images) - static_cast<double>(report.resumed);
  return report.seconds > 0 ? images / report.seconds : 0;
}

std::string CsvField(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string field(1, '"');
  for (const char c : text) {
    if (c == '"') field.push_back('"');
    field.push_back(c);
  }
  field.push_back('"');
  return field;
}

}  // namespace

void PrintEval(const EvalReport& report) {
  const Quality& quality = report.quality;
  fmt::print("{} · {}\n{}: {} image{} ({}), {:.2f} images/s\n\n", ModelLine(report.model), report.device,
             OneLine(report.data), quality.images, quality.images == 1 ? "" : "s", report.layout,
             ImagesPerSecond(report));
  fmt::print("{:>5} {:<20} {:>7} {:>9} {:>11} {:>12}\n", "label", "class", "IoU", "accuracy", "boundary F",
             "true pixels");
  for (size_t c = 0; c < quality.classes.size(); ++c) {
    const ClassQuality& score = quality.classes[c];
    fmt::print("{:>5} {:<20} {:>7} {:>9} {:>11} {:>12}\n", c, OneLine(report.model.class_names[c]),
               Percent(score.iou), Percent(score.accuracy), Percent(score.boundary_f), score.truth_pixels);
  }
  const auto share = [&](double value) { return Percent(Counted(report, value)); };
  fmt::print("\nmIoU {}  pixel accuracy {}  mean accuracy {}  boundary F {}  (percent)\n",
             share(quality.mean_iou), share(quality.pixel_accuracy), share(quality.mean_accuracy),
             share(quality.boundary_f));
  if (quality.pixels == 0) fmt::print("every pixel is to be ignored: there is nothing to score\n");
}

std::string EvalJson(const EvalReport& report) {
  const Quality& quality = report.quality;
  Json json = {{"model", {{"name", report.model.name}, {"given", report.name}}},
               {"device", report.device},
               {"data", report.data},
               {"layout", report.layout},
               {"images", quality.images},
               {"resumed_images", report.resumed},
               {"images_per_second", ImagesPerSecond(report)},
               {"pixels", quality.pixels},
               {"mean_iou", OrNull(Counted(report, quality.mean_iou))},
               {"pixel_accuracy", OrNull(Counted(report, quality.pixel_accuracy))},
               {"mean_accuracy", OrNull(Counted(report, quality.mean_accuracy))},
               {"boundary_f", OrNull(Counted(report, quality.boundary_f))}};
  json["classes"] = Json::array();
  for (size_t c = 0; c < quality.classes.size(); ++c) {
    const ClassQuality& score = quality.classes[c];
    json["classes"].push_back({{"label", c},
                               {"name", report.model.class_names[c]},
                               {"iou", OrNull(score.iou)},
                               {"accuracy", OrNull(score.accuracy)},
                               {"boundary_f", OrNull(score.boundary_f)},
                               {"true_pixels", score.truth_pixels},
                               {"predicted_pixels", score.predicted_pixels}});
  }
  json["confusion"] = report.confusion;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string ConfusionCsv(const ModelInfo& model, const std::vector<int64_t>& confusion) {
  std::string text = "true \\ predicted";
  for (const std::string& name : model.class_names) text.append(",").append(CsvField(name));
  text += "\n";
  const size_t classes = model.class_names.size();
  for (size_t row = 0; row < classes; ++row) {
    text += CsvField(model.class_names[row]);
    for (size_t column = 0; column < classes; ++column)
      text += fmt::format(",{}", confusion[row * classes + column]);
    text += "\n";
  }
  return text;
}

}  // namespace segforge::cli
