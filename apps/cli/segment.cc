#include "segment.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>

#include "at_once.h"
#include "elapsed.h"
#include "exit_code.h"
#include "image_run.h"
#include "ordered_work.h"
#include "progress.h"
#include "segment_video.h"
#include "text.h"
#include "video_options.h"

namespace segforge::cli {
namespace {

// What became of an image: a report, or an error.
struct Outcome {
  ImageReport report;
  std::exception_ptr error;
};

class Run {
 public:
  Run(const SegmentOptions& options, size_t images_at_once)
      : options_(options),
        images_at_once_(images_at_once),
        image_run_(options, static_cast<int>(images_at_once)) {}

  int All(const JobPlan& jobs, bool several);

 private:
  Outcome Try(const Job& job);
  void Finished(const Job& job, const Outcome& outcome, bool several);
  void Succeeded(const ImageReport& report, bool several);
  void Failed(const Job& job, const Error& error);
  void Summary(size_t images, double ms) const;

  const SegmentOptions& options_;
  size_t images_at_once_;
  ImageRun image_run_;
  std::FILE* text_ = nullptr;  // null when nothing is to be said to people
  std::vector<int64_t> pixels_;
  int64_t rejected_ = 0;
  size_t succeeded_ = 0;
  size_t failed_ = 0;
};

void Run::Succeeded(const ImageReport& report, bool several) {
  const ModelInfo& info = image_run_.info();
  pixels_.resize(report.pixels.size());
  for (size_t i = 0; i < pixels_.size(); ++i) pixels_[i] += report.pixels[i];
  rejected_ += report.rejected;
  if (options_.json) fmt::print("{}\n", ReportJson(report, info, image_run_.device()));
  if (text_ == nullptr) return;
  if (succeeded_++ == 0) {
    const std::string at_once =
        images_at_once_ > 1 ? fmt::format(", {} images at once", images_at_once_) : "";
    fmt::print(text_, "{} · {}{}\n", ModelLine(info), image_run_.device(), at_once);
  }
  PrintImage(text_, report);
  if (!several) PrintAreas(text_, report.pixels, report.rejected, info);
}

void Run::Failed(const Job& job, const Error& error) {
  ++failed_;
  PrintError(error.what());
  if (options_.json) fmt::print("{}\n", FailureJson(NameOf(job.input), error.what()));
}

void Run::Summary(size_t images, double ms) const {
  fmt::print(text_, "{} images: {} segmented, {} failed, in {} ({:.1f} images/s)\n", images, succeeded_,
             failed_, Duration(ms), static_cast<double>(images) / (ms / 1000));
  if (succeeded_ > 0) PrintAreas(text_, pixels_, rejected_, image_run_.info());
}

Outcome Run::Try(const Job& job) {
  Outcome outcome;
  try {
    outcome.report = image_run_(job);
  } catch (...) {
    outcome.error = std::current_exception();
  }
  return outcome;
}

// What is no Error concerns more than this image, and goes on.
void Run::Finished(const Job& job, const Outcome& outcome, bool several) {
  try {
    if (outcome.error != nullptr) std::rethrow_exception(outcome.error);
    Succeeded(outcome.report, several);
  } catch (const Error& error) {
    Failed(job, error);
  }
  if (text_ != nullptr) std::fflush(text_);
}

int Run::All(const JobPlan& jobs, bool several) {
  const bool to_standard_output = jobs[0].maps.front().second == "-";
  if (!options_.json && !options_.quiet) text_ = to_standard_output ? stderr : stdout;
  const auto start = Clock::now();
  Progress progress(jobs.size(), several && !options_.quiet);
  progress.Draw(0, 0);
  OrderedWork<Outcome>::Run(
      jobs.size(), images_at_once_, [&](size_t i) { return Try(jobs[i]); },
      [&](size_t i, const Outcome& outcome) {
        progress.Clear();
        Finished(jobs[i], outcome, several);
        progress.Draw(i + 1, failed_);
      });
  progress.Clear();
  if (several && text_ != nullptr) Summary(jobs.size(), MsSince(start));
  return failed_ == 0 ? kSuccess : kFailure;
}

// A bound of memory is meant for the program.
size_t ImagesAtOnce(const SegmentOptions& options, size_t images, int threads) {
  if (options.images_at_once == 0 && options.segmenter.max_memory_bytes > 0) return 1;
  const size_t wanted = options.images_at_once > 0 ? static_cast<size_t>(options.images_at_once)
                                                   : MostAtOnce(options.segmenter.device, threads);
  return std::min(wanted, images);
}

// Whether the one input is a video; among several there may be none.
bool IsOneVideo(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (name == "-" || !IsVideo(name)) continue;
    if (names.size() == 1) return true;
    throw Error(ErrorCode::kInvalidInput,
                fmt::format("{}: is a video, expected images where there are several inputs", name));
  }
  return false;
}

}  // namespace

int Segment(const SegmentOptions& given) {
  if (IsOneVideo(given.inputs)) return SegmentOneVideo(given);
  CheckNoVideoOptions(given.video);
  const std::string out = given.out.empty() ? "segforge-out" : given.out;
  const InputList list = ListInputs(given.inputs, given.recursive, out);
  const JobPlan jobs(given, list);
  SegmentOptions options = given;
  const int threads = given.segmenter.threads != 0 ? given.segmenter.threads : UsableThreads();
  const size_t images_at_once = ImagesAtOnce(given, jobs.size(), threads);
  ShareThreads(threads, images_at_once, options.segmenter);
  return Run(options, images_at_once).All(jobs, list.several);
}

}  // namespace segforge::cli
