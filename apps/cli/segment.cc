#include "segment.h"

#include <fmt/format.h>

#include <chrono>
#include <new>

#include "exit_code.h"
#include "image_report.h"
#include "interrupt.h"
#include "outputs.h"
#include "progress.h"
#include "segforge/files.h"
#include "text.h"

namespace segforge::cli {
namespace {

using Clock = std::chrono::steady_clock;

double MsSince(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

std::string NameOf(const std::string& input) { return input == "-" ? "standard input" : input; }

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

void Write(const std::string& path, const FileBytes& bytes) {
  const UninterruptedWrite guard;
  WriteBytes(path, bytes);
}

FileBytes BytesOf(const std::string& text) {
  const auto* data = reinterpret_cast<const std::byte*>(text.data());
  return FileBytes(data, data + text.size());
}

class Run {
 public:
  explicit Run(const SegmentOptions& options)
      : options_(options),
        segmenter_(options.model, options.segmenter),
        info_(segmenter_.info()),
        colors_(LoadLabelColors(options.palette, info_)) {
    const bool palette_names = !info_.class_names_known && !options.palette.empty() && !colors_.names.empty();
    if (palette_names) info_.class_names = colors_.names;
  }

  int All(const std::vector<Job>& jobs, bool several);

 private:
  ImageReport One(const Job& job) const;
  FileBytes Encode(Format format, const RgbImage& image, const Segmentation& result,
                   const ImageReport& report) const;
  void Succeeded(const ImageReport& report, bool several);
  void Failed(const Job& job, const Error& error);
  void Summary(size_t images, double ms) const;

  const SegmentOptions& options_;
  Segmenter segmenter_;
  ModelInfo info_;  // the checkpoint's, with the palette's names where it has none
  LabelColors colors_;
  std::FILE* text_ = nullptr;  // null when nothing is to be said to people
  std::vector<int64_t> pixels_;
  size_t succeeded_ = 0;
  size_t failed_ = 0;
};

FileBytes Run::Encode(Format format, const RgbImage& image, const Segmentation& result,
                      const ImageReport& report) const {
  switch (format) {
    case Format::kLabels:
      return EncodeLabelsPng(result, colors_);
    case Format::kOverlay:
      return EncodeOverlayPng(image.view(), result, colors_, options_.alpha);
    case Format::kColor:
      return EncodeColorPng(result, colors_);
    case Format::kNpy:
      return EncodeLabelsNpy(result);
    case Format::kJson:
      return BytesOf(AreasJson(report, info_) + "\n");
  }
  throw std::logic_error("a format without its encoder");
}

// Everything is encoded before anything is written, so that an error leaves no output at all.
ImageReport Run::One(const Job& job) const {
  ImageReport report;
  report.input = NameOf(job.input);
  auto start = Clock::now();
  const FileBytes file = ReadBytes(job.input);
  const RgbImage image = About(job.input, [&] { return DecodeImage(file); });
  report.decode = MsSince(start);
  const Wanted wanted = {!job.logits.empty(), !job.confidence.empty()};
  const Segmentation result = About(job.input, [&] { return segmenter_.Run(image.view(), wanted); });
  report.height = result.height;
  report.width = result.width;
  report.network_height = result.network_height;
  report.network_width = result.network_width;
  report.timings = result.timings;
  report.pixels = CountPixels(result, info_.classes);

  start = Clock::now();
  std::vector<std::pair<std::string, FileBytes>> files;
  About(job.input, [&] {
    for (const auto& [format, path] : job.maps)
      files.emplace_back(path, Encode(format, image, result, report));
    if (wanted.logits) files.emplace_back(job.logits, EncodeLogitsNpy(result));
    if (wanted.confidence) files.emplace_back(job.confidence, EncodeConfidenceNpy(result));
  });
  for (const auto& [path, bytes] : files) {
    Write(path, bytes);
    report.outputs.push_back(path == "-" ? "standard output" : path);
  }
  report.encode = MsSince(start);
  return report;
}

void Run::Succeeded(const ImageReport& report, bool several) {
  pixels_.resize(report.pixels.size());
  for (size_t i = 0; i < pixels_.size(); ++i) pixels_[i] += report.pixels[i];
  if (options_.json) fmt::print("{}\n", ReportJson(report, info_, segmenter_.device()));
  if (text_ == nullptr) return;
  if (succeeded_++ == 0) fmt::print(text_, "{} · {}\n", ModelLine(info_), segmenter_.device());
  PrintImage(text_, report);
  if (!several) PrintAreas(text_, report.pixels, info_);
}

void Run::Failed(const Job& job, const Error& error) {
  ++failed_;
  PrintError(error.what());
  if (options_.json) fmt::print("{}\n", FailureJson(NameOf(job.input), error.what()));
}

void Run::Summary(size_t images, double ms) const {
  fmt::print(text_, "{} images: {} segmented, {} failed, in {}\n", images, succeeded_, failed_, Duration(ms));
  if (succeeded_ > 0) PrintAreas(text_, pixels_, info_);
}

int Run::All(const std::vector<Job>& jobs, bool several) {
  const bool to_standard_output = jobs.front().maps.front().second == "-";
  if (!options_.json && !options_.quiet) text_ = to_standard_output ? stderr : stdout;
  const auto start = Clock::now();
  Progress progress(jobs.size(), several && !options_.quiet);
  for (size_t i = 0; i < jobs.size(); ++i) {
    progress.Draw(i, failed_);
    try {
      const ImageReport report = One(jobs[i]);
      progress.Clear();
      Succeeded(report, several);
    } catch (const Error& error) {
      progress.Clear();
      Failed(jobs[i], error);
    }
    if (text_ != nullptr) std::fflush(text_);
  }
  if (several && text_ != nullptr) Summary(jobs.size(), MsSince(start));
  return failed_ == 0 ? kSuccess : kFailure;
}

}  // namespace

int Segment(const SegmentOptions& options) {
  const std::string out = options.out.empty() ? "segforge-out" : options.out;
  const InputList list = ListInputs(options.inputs, options.recursive, out);
  const std::vector<Job> jobs = PlanJobs(options, list);
  return Run(options).All(jobs, list.several);
}

}  // namespace segforge::cli
