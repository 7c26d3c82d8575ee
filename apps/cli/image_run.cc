#include "image_run.h"

#include <fmt/format.h>

#include <mutex>
#include <new>
#include <numeric>
#include <stdexcept>

#include "elapsed.h"
#include "row_outputs.h"
#include "write_file.h"

namespace segforge::cli {
namespace {

// Puts the image's name before the message of what `work` throws.
template <typename Work>
auto About(const std::string& input, const Work& work) {
  try {
    return work();
  } catch (const Error& error) {
    throw Error(error.code(), fmt::format("{}: {}", NameOf(input), error.what()));
  } catch (const std::bad_alloc&) {
    throw Error(ErrorCode::kOutOfMemory, fmt::format("{}: there is not enough memory", NameOf(input)));
  }
}

FileBytes BytesOf(const std::string& text) {
  const auto* data = reinterpret_cast<const std::byte*>(text.data());
  return FileBytes(data, data + text.size());
}

// Fills in all but what the program itself measures.
void Describe(const Segmentation& result, std::vector<int64_t> pixels, ImageReport& report) {
  report.height = result.height;
  report.width = result.width;
  report.network_height = result.network_height;
  report.network_width = result.network_width;
  report.timings = result.timings;
  report.rejected = result.height * result.width - std::accumulate(pixels.begin(), pixels.end(), int64_t{0});
  report.pixels = std::move(pixels);
}

std::optional<LabelMap> MapOf(const SegmentOptions& options, const ModelInfo& info) {
  switch (options.convention) {
    case Convention::kModel:
      return std::nullopt;
    case Convention::kCityscapesIds:
      return CityscapesLabelIds(info);
    case Convention::kReduceZeroLabel:
      return ReducedZeroLabels(info);
    case Convention::kFile:
      return LoadLabelMap(options.label_map, info);
  }
  throw std::logic_error("a convention without its map");
}

}  // namespace

ModelInfo NamedInfo(const Segmenter& segmenter, const std::string& palette, const LabelColors& colors) {
  ModelInfo info = segmenter.info();
  if (!info.class_names_known && !palette.empty() && !colors.names.empty()) info.class_names = colors.names;
  return info;
}

ImageRun::ImageRun(const SegmentOptions& options, int images_at_once)
    : options_(options),
      segmenter_(options.model, options.segmenter),
      colors_(LoadLabelColors(options.palette, segmenter_.info())),
      info_(NamedInfo(segmenter_, options.palette, colors_)),
      map_(MapOf(options, info_)),
      others_(images_at_once > 1) {
  CheckWanted();
  if (map_) mapped_colors_ = MapColors(colors_, *map_);
}

// What no image can have is said once, not of each.
void ImageRun::CheckWanted() const {
  if (options_.top_k > info_.classes) {
    throw Error(ErrorCode::kInvalidInput,
                fmt::format("--top-k: expected at most the model's {} classes, got {}", info_.classes,
                            options_.top_k));
  }
  if (!options_.save_logits.empty() && options_.segmenter.mode == InferenceMode::kTile) {
    throw Error(ErrorCode::kUnsupported,
                "--save-logits: are not kept with --mode tile, which is for images too large for them");
  }
}

FileBytes ImageRun::Encode(Format format, const RgbImage& image, const Segmentation& result,
                           const ImageReport& report) const {
  switch (format) {
    case Format::kLabels:
      return map_ ? EncodeLabelsPng(MapLabels(result, *map_), mapped_colors_)
                  : EncodeLabelsPng(result, colors_);
    case Format::kOverlay:
      return EncodeOverlayPng(image.view(), result, colors_, options_.alpha);
    case Format::kColor:
      return EncodeColorPng(result, colors_);
    case Format::kNpy:
      return EncodeLabelsNpy(map_ ? MapLabels(result, *map_) : result);
    case Format::kJson:
      return BytesOf(AreasJson(report, info_) + "\n");
    case Format::kRle:
      return EncodeRunLengths(result, info_);
    case Format::kCoco:
      return EncodeCoco(result, info_, report.input);
    case Format::kGeoJson:
      return EncodeGeoJson(result, info_);
  }
  throw std::logic_error("a format without its encoder");
}

ImageRun::Files ImageRun::EncodeAll(const Job& job, const RgbImage& image, const Segmentation& result,
                                    const ImageReport& report) const {
  Files files;
  for (const auto& [format, path] : job.maps) files.emplace_back(path, Encode(format, image, result, report));
  if (!job.logits.empty()) files.emplace_back(job.logits, EncodeLogitsNpy(result));
  if (!job.confidence.empty()) files.emplace_back(job.confidence, EncodeConfidenceNpy(result));
  if (!job.top_labels.empty()) {
    files.emplace_back(job.top_labels, EncodeTopLabelsNpy(result));
    files.emplace_back(job.top_probabilities, EncodeTopProbabilitiesNpy(result));
  }
  return files;
}

Wanted ImageRun::WantedFor(const Job& job) const {
  Wanted wanted;
  wanted.logits = !job.logits.empty();
  wanted.confidence = !job.confidence.empty();
  wanted.top_k = options_.top_k;
  wanted.reject_below = options_.reject_below;
  return wanted;
}

ImageRun::Files ImageRun::Results(const Job& job, const FileBytes& file, ImageReport& report) const {
  auto start = Clock::now();
  const RgbImage image = DecodeImage(file);
  report.decode += MsSince(start);
  const Segmentation result = segmenter_.Run(image.view(), WantedFor(job));
  Describe(result, CountPixels(result, info_.classes), report);
  start = Clock::now();
  Files files = EncodeAll(job, image, result, report);
  report.encode = MsSince(start);
  return files;
}

ImageReport ImageRun::Whole(const Job& job) {
  ImageReport report;
  report.input = NameOf(job.input);
  auto start = Clock::now();
  const FileBytes file = ReadBytes(job.input);
  report.decode = MsSince(start);
  Files files;
  try {
    const std::shared_lock together(alone_);
    files = About(job.input, [&] { return Results(job, file, report); });
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kOutOfMemory || !others_) throw;
    // The other images may hold what this one lacks.
    const std::unique_lock alone(alone_);
    files = About(job.input, [&] { return Results(job, file, report); });
  }
  start = Clock::now();
  for (const auto& [path, bytes] : files) {
    WriteFile(path, bytes);
    report.outputs.push_back(path == "-" ? "standard output" : path);
  }
  report.encode += MsSince(start);
  return report;
}

// Decoding takes place within the run, and takes what is left of its time.
ImageReport ImageRun::ByRows(const Job& job) const {
  ImageReport report;
  report.input = NameOf(job.input);
  const auto start = Clock::now();
  ImageRows image(job.input);
  RowOutputs outputs(job, image, info_, options_.alpha, colors_, map_);
  const Segmentation result = segmenter_.RunRows(image, WantedFor(job), outputs.kept_bytes(),
                                                 [&](const Segmentation& rows, const RgbView& pixels) {
                                                   const auto add_start = Clock::now();
                                                   outputs.Add(rows, pixels);
                                                   report.encode += MsSince(add_start);
                                                 });
  Describe(result, outputs.pixels(), report);
  report.decode = MsSince(start) - (report.total() - report.decode);
  const auto finish_start = Clock::now();
  const auto encode = [&](Format format, const Segmentation& labels) {
    return Encode(format, {}, labels, report);
  };
  report.outputs = outputs.Finish(encode);
  report.encode += MsSince(finish_start);
  return report;
}

ImageReport ImageRun::operator()(const Job& job) {
  if (options_.segmenter.mode != InferenceMode::kTile) return Whole(job);
  try {
    const std::shared_lock together(alone_);
    return ByRows(job);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kOutOfMemory || !others_ || job.input == "-") throw;
    const std::unique_lock alone(alone_);
    return ByRows(job);
  }
}

}  // namespace segforge::cli
