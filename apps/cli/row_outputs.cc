#include "row_outputs.h"

#include "interrupt.h"
#include "write_file.h"

namespace segforge::cli {

RowOutputs::RowOutputs(const Job& job, const ImageRows& image, const ModelInfo& model, double alpha,
                       const LabelColors& colors, const std::optional<LabelMap>& map)
    : map_(map), pixels_(static_cast<size_t>(model.classes)) {
  kept_.height = image.height();
  kept_.width = image.width();
  for (const auto& [format, path] : job.maps) AddMap(format, path, alpha, colors);
  AddArray(job.confidence, ConfidenceNpyRows);
  AddArray(job.top_labels, TopLabelsNpyRows);
  AddArray(job.top_probabilities, TopProbabilitiesNpyRows);
}

void RowOutputs::AddMap(Format format, const std::string& path, double alpha, const LabelColors& colors) {
  const int64_t height = kept_.height;
  const int64_t width = kept_.width;
  Output output = {path, format, nullptr, false};
  switch (format) {
    case Format::kLabels:
      output.rows = LabelsPngRows(path, height, width, map_ ? MapColors(colors, *map_) : colors);
      output.maps_labels = map_.has_value();
      break;
    case Format::kNpy:
      output.rows = LabelsNpyRows(path, height, width);
      output.maps_labels = map_.has_value();
      break;
    case Format::kOverlay:
      output.rows = OverlayPngRows(path, height, width, colors, alpha);
      break;
    case Format::kColor:
      output.rows = ColorPngRows(path, height, width, colors);
      break;
    case Format::kJson:
      break;
    case Format::kRle:
    case Format::kCoco:
    case Format::kGeoJson:
      keeps_labels_ = true;
  }
  maps_labels_ |= output.maps_labels;
  outputs_.push_back(std::move(output));
}

void RowOutputs::AddArray(const std::string& path,
                          RowWriterPointer (*make)(const std::string&, int64_t, int64_t)) {
  if (path.empty()) return;
  outputs_.push_back({path, Format::kNpy, make(path, kept_.height, kept_.width), false});
}

int64_t RowOutputs::kept_bytes() const {
  const int64_t label_bytes = pixels_.size() > 255 ? 2 : 1;
  return keeps_labels_ ? kept_.height * kept_.width * label_bytes : 0;
}

void RowOutputs::Add(const Segmentation& rows, const RgbView& pixels) {
  const std::vector<int64_t> counts = CountPixels(rows, static_cast<int64_t>(pixels_.size()));
  for (size_t i = 0; i < counts.size(); ++i) pixels_[i] += counts[i];
  const Segmentation mapped = maps_labels_ ? MapLabels(rows, *map_) : Segmentation();
  for (const Output& output : outputs_) {
    if (output.rows != nullptr) output.rows->Add(output.maps_labels ? mapped : rows, pixels);
  }
  if (!keeps_labels_) return;
  const auto keep = [this](const auto& from, auto& to) {
    if (to.empty() && !from.empty()) to.reserve(static_cast<size_t>(kept_.height * kept_.width));
    to.insert(to.end(), from.begin(), from.end());
  };
  keep(rows.labels8, kept_.labels8);
  keep(rows.labels16, kept_.labels16);
}

std::vector<std::string> RowOutputs::Finish(const Encode& encode) {
  std::vector<FileBytes> files(outputs_.size());
  for (size_t i = 0; i < outputs_.size(); ++i) {
    if (outputs_[i].rows == nullptr) files[i] = encode(outputs_[i].format, kept_);
  }
  std::vector<std::string> names;
  for (size_t i = 0; i < outputs_.size(); ++i) {
    const Output& output = outputs_[i];
    if (output.rows == nullptr) {
      WriteFile(output.path, files[i]);
    } else {
      const UninterruptedWrite guard;
      output.rows->Commit();
    }
    names.push_back(output.path == "-" ? "standard output" : output.path);
  }
  return names;
}

}  // namespace segforge::cli
