#include "eval.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>

#include "at_once.h"
#include "eval_report.h"
#include "eval_state.h"
#include "exit_code.h"
#include "ordered_work.h"
#include "outputs.h"
#include "progress.h"
#include "segforge/files.h"
#include "write_file.h"

namespace segforge::cli {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// "2.3 images/s, 1:05 left", of this run's images alone
std::string Rate(size_t done, size_t left, double seconds) {
  if (done == 0 || seconds <= 0) return "";
  const double per_second = static_cast<double>(done) / seconds;
  const auto wait = static_cast<int64_t>(static_cast<double>(left) / per_second);
  const std::string time = wait >= 3600
                               ? fmt::format("{}:{:02}:{:02}", wait / 3600, wait / 60 % 60, wait % 60)
                               : fmt::format("{}:{:02}", wait / 60, wait % 60);
  return fmt::format("{:.1f} images/s, {} left", per_second, time);
}

// Puts the file's name before the message of what `work` throws.
template <typename Work>
auto About(const std::string& path, const Work& work) {
  try {
    return work();
  } catch (const Error& error) {
    throw Error(error.code(), fmt::format("{}: {}", path, error.what()));
  }
}

// An image's labels, ours and the true ones, or why there are none.
struct Labeled {
  Segmentation result;
  GroundTruth truth;
  std::exception_ptr error;
};

Labeled Label(const Segmenter& segmenter, const LabeledImages& images, size_t index) {
  Labeled labeled;
  try {
    const RgbImage image = LoadImage(images.image(index));
    labeled.truth = images.LoadLabels(index);
    labeled.result = About(images.image(index), [&] { return segmenter.Run(image.view()); });
  } catch (...) {
    labeled.error = std::current_exception();
  }
  return labeled;
}

// On GPUs several images at once; on a CPU one, with all threads.
size_t Workers(EvalOptions& options) {
  const int threads = options.segmenter.threads != 0 ? options.segmenter.threads : UsableThreads();
  const bool on_gpu = options.segmenter.device.rfind("cuda", 0) == 0;
  const size_t workers = on_gpu ? MostAtOnce(options.segmenter.device, threads) : 1;
  ShareThreads(threads, workers, options.segmenter);
  return workers;
}

void WriteOutputs(const EvalOptions& options, const EvalReport& report) {
  if (!options.confusion_csv.empty())
    WriteFile(options.confusion_csv, ConfusionCsv(report.model, report.confusion));
  if (!options.confusion_png.empty()) WriteFile(options.confusion_png, EncodeConfusionPng(report.confusion));
}

}  // namespace

int Eval(const EvalOptions& given) {
  EvalOptions options = given;
  for (const std::string& path : {options.confusion_csv, options.confusion_png, options.resume}) {
    if (!path.empty()) CheckWritable(path);
  }
  const size_t workers = Workers(options);
  const Segmenter segmenter(options.model, options.segmenter);
  options.dataset.reduce_zero_label |= segmenter.info().reduce_zero_label;
  const LabeledImages images(options.data, options.dataset);
  Evaluation evaluation(segmenter.info().classes, {options.dataset.ignore, options.boundary_tolerance});
  EvalState state(options.resume, options, images);
  const size_t resumed = state.Load(evaluation);
  const size_t total = options.limit == 0 ? images.size() : std::min(options.limit, images.size());

  if (resumed > total) {
    throw Error(ErrorCode::kInvalidInput, fmt::format("{}: kept after {} images, more than --limit {}",
                                                      options.resume, resumed, total));
  }

  const auto start = Clock::now();
  Progress progress(total, true);
  try {
    const auto draw = [&](size_t i) {
      progress.Draw(i, 0, Rate(i - resumed, total - i, SecondsSince(start)));
    };
    draw(resumed);
    OrderedWork<Labeled>::Run(
        total - resumed, workers, [&](size_t i) { return Label(segmenter, images, resumed + i); },
        [&](size_t done, const Labeled& labeled) {
          const size_t i = resumed + done;
          // Half a result would mislead, so the first image that fails ends the run; --resume keeps what was
          // counted.
          if (labeled.error != nullptr) std::rethrow_exception(labeled.error);
          About(images.labels(i), [&] { evaluation.Add(labeled.result, labeled.truth); });
          state.Save(evaluation, i + 1);
          draw(i + 1);
        });
  } catch (...) {
    progress.Clear();
    state.SaveNow(evaluation, static_cast<size_t>(evaluation.Total().images));
    throw;
  }
  progress.Clear();
  state.SaveNow(evaluation, total);

  const EvalReport report = {segmenter.info(),    options.model,      segmenter.device(),
                             options.data,        images.layout(),    resumed,
                             SecondsSince(start), evaluation.Total(), evaluation.confusion()};
  WriteOutputs(options, report);
  if (options.json) {
    fmt::print("{}\n", EvalJson(report));
  } else {
    PrintEval(report);
  }
  return kSuccess;
}

}  // namespace segforge::cli
