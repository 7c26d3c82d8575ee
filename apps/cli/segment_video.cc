#include "segment_video.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "exit_code.h"
#include "image_run.h"
#include "interrupt.h"
#include "outputs.h"
#include "progress.h"
#include "text.h"
#include "video_report.h"

namespace segforge::cli {
namespace {

[[noreturn]] void Refuse(const std::string& message) { throw Error(ErrorCode::kInvalidInput, message); }

VideoFormat FormatOf(const SegmentOptions& options) {
  if (options.formats.empty() || options.formats == std::vector{Format::kOverlay})
    return VideoFormat::kOverlay;
  if (options.formats == std::vector{Format::kColor}) return VideoFormat::kColor;
  Refuse("--format: a video is written as overlay or color, one of the two");
}

void CheckOptions(const SegmentOptions& options) {
  const char* of_images = !options.save_logits.empty()  ? "--save-logits"
                          : !options.confidence.empty() ? "--confidence"
                          : options.top_k != 0          ? "--top-k"
                          : options.convention != Convention::kModel
                              ? "--label-ids, --reduce-zero-label, --map"
                              : nullptr;
  if (of_images != nullptr) Refuse(fmt::format("{}: for images; a video has no such results", of_images));
  if (options.out == "-") Refuse("-o -: a video needs a file, whose name says its format");
}

// "street" of "clips/street.mov", "rtsp://host/street?user=me" and "/dev/street".
std::string StemOf(const std::string& source) {
  const bool is_address = source.find("://") != std::string::npos;
  const std::string path = is_address ? source.substr(0, source.find('?')) : source;
  const std::string stem = std::filesystem::path(path).stem().string();
  return stem.empty() ? "video" : stem;
}

std::string PlaceOf(const SegmentOptions& options, VideoFormat format) {
  const std::string stem = StemOf(options.inputs.front());
  if (options.out.empty()) return stem + (format == VideoFormat::kColor ? ".color.mp4" : ".overlay.mp4");
  const std::filesystem::path folder = OutputFolder(options, false);
  return folder.empty() ? options.out : (folder / (stem + ".mp4")).string();
}

int Report(const SegmentOptions& options, const VideoSummary& summary) {
  const bool say = !options.json && !options.quiet;
  if (options.json) fmt::print("{}\n", VideoJson(summary));
  if (say) PrintVideo(stdout, summary);
  if (summary.report.damage.empty()) return kSuccess;
  PrintError(
      fmt::format("{}: {}; {} has what could be read", summary.input, summary.report.damage, summary.output));
  return kFailure;
}

}  // namespace

int SegmentOneVideo(const SegmentOptions& options) {
  CheckOptions(options);
  VideoOptions video = options.video;
  video.format = FormatOf(options);
  video.alpha = options.alpha;
  video.reject_below = options.reject_below;
  const std::string& input = options.inputs.front();
  const std::string output = PlaceOf(options, video.format);
  CheckPlace(output, input);
  SegmenterOptions engine = options.segmenter;
  engine.gpu_wait = GpuWait::kSleep;  // decoding and encoding want the processors
  const Segmenter segmenter(options.model, engine);
  const LabelColors colors = LoadLabelColors(options.palette, segmenter.info());

  InterruptRequest interrupt;
  video.stop = [&] { return interrupt.came(); };
  std::optional<Progress> bar;
  video.progress = [&](const VideoProgress& done) {
    if (!bar) bar.emplace(static_cast<size_t>(done.total), !options.quiet);
    const double rate = static_cast<double>(done.frames) / std::max(done.seconds, 1e-3);
    bar->Draw(static_cast<size_t>(done.frames), 0, fmt::format("{:.1f} frames/s", rate));
  };
  VideoReport report = SegmentVideo(segmenter, input, output, colors, video);
  bar.reset();
  if (report.stopped && !report.live) return kFailure;  // the request's end is the program's
  interrupt.Grant();
  return Report(options, {input, output, NamedInfo(segmenter, options.palette, colors), segmenter.device(),
                          std::move(report)});
}

}  // namespace segforge::cli
