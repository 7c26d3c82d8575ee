// Three threads, with queues between them: one decodes, the caller's runs the network, one colours and
// encodes. On GPUs several frames are in the network at once, each in a thread of its own.
#include <algorithm>
#include <atomic>
#include <exception>
#include <filesystem>
#include <future>
#include <thread>

#include "api/colors.h"
#include "api/error.h"
#include "base/bounded_queue.h"
#include "base/memory.h"
#include "base/stopwatch.h"
#include "image/overlay.h"
#include "image/video_reader.h"
#include "image/video_writer.h"
#include "segforge/video.h"

namespace segforge {
namespace {

// Enough for a stage to go on while the next one is held up.
constexpr size_t kQueued = 2;
// In the three stages, and converted or coloured; besides those in the queues.
constexpr size_t kFramesOutsideQueues = 6;
// Of the frames that wait to be encoded, those that keep a GPU busy.
constexpr size_t kQueuedForGpu = 3;

size_t QueuedSegmented(const Segmenter& segmenter) {
  return std::max(kQueued, static_cast<size_t>(segmenter.gpus()) * kQueuedForGpu);
}

using Packets = std::vector<ffmpeg::PacketPtr>;

struct Decoded {
  VideoFrame frame;  // without pixels after the last one, where audio alone follows
  Packets audio;
};

using SegmentationPtr = std::shared_ptr<const Segmentation>;

struct Segmented {
  std::shared_ptr<Decoded> decoded;
  std::shared_future<SegmentationPtr> labels;  // may be those of an earlier frame
};

ConstTensorView LabelsOfFrame(const Segmentation& result) {
  const Shape shape = {result.height, result.width};
  if (result.labels16.empty()) return {result.labels8.data(), DType::kU8, shape};
  return {result.labels16.data(), DType::kU16, shape};
}

void CheckOptions(const VideoOptions& options) {
  if (!(options.alpha >= 0 && options.alpha <= 1))
    Throw(InvalidInput("overlay: alpha: expected 0 to 1, got {}", options.alpha));
  if (options.every < 1) Throw(InvalidInput("every: expected 1 or more, got {}", options.every));
  if (!(options.smooth >= 0 && options.smooth < 1))
    Throw(InvalidInput("smoothing: expected at least 0 and less than 1, got {}", options.smooth));
}

void MakeFolderOf(const std::string& path) {
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  if (!folder.empty()) std::filesystem::create_directories(folder, error);
  if (error) Throw(IoError("{}: cannot make the folder: {}", folder.string(), error.message()));
}

class VideoRun {
 public:
  VideoRun(const Segmenter& segmenter, const std::string& source, const std::string& output,
           const LabelColors& colors, const VideoOptions& options);

  VideoReport Run();

 private:
  void DecodeAll();
  void SegmentAll();
  void EncodeAll();

  bool IsInTime(const VideoFrame& frame) const;
  bool Hand(Decoded& decoded, Packets& waiting);
  SegmentationPtr Labels(const Image& image);
  std::shared_future<SegmentationPtr> StartLabels(const std::shared_ptr<Decoded>& decoded);
  SegmentationPtr Await(const Segmented& segmented);
  void Count(const Segmentation& result);
  void Encode(const VideoFrame& frame, const Segmentation& labels);
  Image Colored(const Image& image, const Segmentation& segmentation) const;
  bool Stopped() const { return options_.stop && options_.stop(); }
  double SecondsOf(int64_t time) const {
    return static_cast<double>(time) * av_q2d(reader_->info().time_base);
  }

  template <typename Stage>
  void Guard(std::exception_ptr& error, const Stage& stage);

  const Segmenter& segmenter_;
  const std::string& source_;
  const std::string& output_;
  const Palette palette_;
  const VideoOptions& options_;
  const bool real_time_;
  const bool at_once_;  // frames are in the network together; an average takes one after the other
  std::unique_ptr<VideoReader> reader_;
  std::unique_ptr<VideoWriter> writer_;
  BoundedQueue<Decoded> decoded_{kQueued};
  BoundedQueue<Segmented> segmented_;
  std::atomic<bool> failed_ = false;
  std::atomic<int64_t> written_ = 0;
  LogitAverage average_;
  SegmentationPtr counted_;  // the labels that class_pixels_ are of
  std::vector<int64_t> class_pixels_;
  VideoReport report_;  // each thread fills fields of its own
};

VideoRun::VideoRun(const Segmenter& segmenter, const std::string& source, const std::string& output,
                   const LabelColors& colors, const VideoOptions& options)
    : segmenter_(segmenter),
      source_(source),
      output_(output),
      palette_(PaletteOf(colors)),
      options_(options),
      real_time_(IsRealTime(source)),
      at_once_(segmenter.gpus() > 0 && options.smooth == 0),
      segmented_(QueuedSegmented(segmenter)) {
  CheckOptions(options);
  ThrowIfError(ContainerOf(output).status().Within(output));
  Result<std::unique_ptr<VideoReader>> reader = VideoReader::Open(source, options.stop);
  ThrowIfError(reader.status().Within(source));
  reader_ = std::move(reader).value();
  const VideoInfo& info = reader_->info();
  const auto frames = static_cast<int64_t>(kQueued + QueuedSegmented(segmenter) + kFramesOutsideQueues);
  ThrowIfError(CheckMemory(info.height * info.width * 3 * frames, "a video's frames").Within(source));
  MakeFolderOf(output);
  Result<std::unique_ptr<VideoWriter>> writer =
      VideoWriter::Create(output, info, {options.crf}, options.audio);
  ThrowIfError(writer.status().Within(output));
  writer_ = std::move(writer).value();
  average_.keep = options.smooth;
  report_.height = info.height;
  report_.width = info.width;
  report_.live = info.live;
  report_.pixels.resize(static_cast<size_t>(segmenter.info().classes));
}

bool VideoRun::IsInTime(const VideoFrame& frame) const {
  return options_.most_seconds <= 0 || SecondsOf(frame.time) < options_.most_seconds;
}

// Into the queue; what comes in real time is dropped where there is no place, but not its audio, which waits.
// False when nobody takes frames any more.
bool VideoRun::Hand(Decoded& decoded, Packets& waiting) {
  decoded.audio.insert(decoded.audio.begin(), std::make_move_iterator(waiting.begin()),
                       std::make_move_iterator(waiting.end()));
  waiting.clear();
  if (!real_time_) return decoded_.Push(std::move(decoded));
  if (decoded_.TryPush(decoded)) return true;
  waiting = std::move(decoded.audio);
  ++report_.dropped;
  return !failed_;
}

void VideoRun::DecodeAll() {
  Packets waiting;
  for (int64_t handed = 0; options_.most_frames <= 0 || handed < options_.most_frames;) {
    if (Stopped()) break;
    Stopwatch watch;
    Result<std::optional<VideoFrame>> frame = reader_->Read();
    ThrowIfError(frame.status().Within(source_));
    report_.decode += watch.LapMs();
    const bool has_frame = frame->has_value() && IsInTime(**frame);
    if (!frame->has_value()) {  // the rest of the audio
      Decoded rest = {{}, std::move(waiting)};
      std::ranges::move(reader_->TakeAudio(), std::back_inserter(rest.audio));
      decoded_.Push(std::move(rest));
    }
    if (!has_frame) break;
    Decoded decoded = {std::move(**frame), reader_->TakeAudio()};
    const int64_t dropped = report_.dropped;
    if (!Hand(decoded, waiting)) break;
    handed += report_.dropped == dropped ? 1 : 0;
  }
}

// Labels of the whole frame in a few numbers, as the report sums them.
void VideoRun::Count(const Segmentation& result) {
  class_pixels_ = CountPixels(result, segmenter_.info().classes);
  report_.network.resize += result.timings.resize;
  report_.network.engine += result.timings.engine;
  report_.network.labels += result.timings.labels;
  report_.network_height = result.network_height;
  report_.network_width = result.network_width;
  ++report_.segmented;
}

SegmentationPtr VideoRun::Labels(const Image& image) {
  Wanted wanted;
  wanted.reject_below = options_.reject_below;
  if (options_.smooth > 0) wanted.average = &average_;
  try {
    return std::make_shared<const Segmentation>(
        segmenter_.Run({image.pixels.data(), image.height, image.width, 0}, wanted));
  } catch (const Error& error) {
    throw Error(error.code(), source_ + ": " + error.what());
  }
}

std::shared_future<SegmentationPtr> VideoRun::StartLabels(const std::shared_ptr<Decoded>& decoded) {
  const auto run = [this, decoded] { return Labels(decoded->frame.image); };
  if (at_once_) return std::async(std::launch::async, run);
  std::promise<SegmentationPtr> done;
  done.set_value(run());
  return done.get_future();
}

void VideoRun::SegmentAll() {
  Stopwatch watch;
  double seconds = 0;
  std::shared_future<SegmentationPtr> labels;
  for (int64_t i = 0; std::optional<Decoded> next = decoded_.Pop(); ++i) {
    const auto decoded = std::make_shared<Decoded>(std::move(*next));
    const bool has_frame = !decoded->frame.image.pixels.empty();
    if (Stopped() && !report_.live) break;
    if (has_frame && i % options_.every == 0) labels = StartLabels(decoded);
    if (!segmented_.Push({decoded, labels})) break;
    seconds += watch.LapMs() / 1000;
    if (options_.progress) options_.progress({written_, reader_->info().frames, seconds});
  }
}

// The labels once they are there, counted; null without a frame.
SegmentationPtr VideoRun::Await(const Segmented& segmented) {
  if (segmented.decoded->frame.image.pixels.empty()) return nullptr;
  SegmentationPtr labels = segmented.labels.get();
  if (labels != counted_) Count(*labels);
  counted_ = labels;
  for (size_t c = 0; c < class_pixels_.size(); ++c) report_.pixels[c] += class_pixels_[c];
  return labels;
}

Image VideoRun::Colored(const Image& image, const Segmentation& segmentation) const {
  const ConstTensorView labels = LabelsOfFrame(segmentation);
  if (options_.format == VideoFormat::kColor) return Colorize(labels, palette_);
  return Overlay(image.view(), labels, palette_, static_cast<float>(options_.alpha));
}

void VideoRun::Encode(const VideoFrame& frame, const Segmentation& labels) {
  ThrowIfError(
      writer_->Write(Colored(frame.image, labels).view(), frame.time, frame.duration).Within(output_));
  ++written_;
  report_.seconds = SecondsOf(frame.time + frame.duration);
}

void VideoRun::EncodeAll() {
  while (std::optional<Segmented> segmented = segmented_.Pop()) {
    const SegmentationPtr labels = Await(*segmented);
    Stopwatch watch;
    for (ffmpeg::PacketPtr& packet : segmented->decoded->audio)
      ThrowIfError(writer_->WriteAudio(std::move(packet)).Within(output_));
    if (labels != nullptr) Encode(segmented->decoded->frame, *labels);
    report_.encode += watch.LapMs();
  }
}

// However a stage ends, its neighbours must not wait for it.
template <typename Stage>
void VideoRun::Guard(std::exception_ptr& error, const Stage& stage) {
  try {
    stage();
  } catch (...) {
    error = std::current_exception();
    failed_ = true;
    decoded_.Close();
    segmented_.Close();
  }
}

VideoReport VideoRun::Run() {
  Stopwatch watch;
  std::exception_ptr decoding, network, encoding;
  std::thread decoder([&] {
    Guard(decoding, [&] { DecodeAll(); });
    decoded_.Close();
  });
  std::thread encoder([&] { Guard(encoding, [&] { EncodeAll(); }); });
  Guard(network, [&] { SegmentAll(); });
  decoded_.Close();
  segmented_.Close();
  decoder.join();
  encoder.join();
  for (const std::exception_ptr& error : {network, encoding, decoding}) {
    if (error != nullptr) std::rethrow_exception(error);
  }
  report_.stopped = Stopped();
  if (report_.live || !report_.stopped) ThrowIfError(writer_->Finish().Within(output_));
  report_.frames = written_;
  const int64_t all = report_.frames * report_.height * report_.width;
  report_.rejected = all;
  for (const int64_t pixels : report_.pixels) report_.rejected -= pixels;
  report_.damage = reader_->Damage().message();
  report_.codec = writer_->codec();
  report_.audio_streams = static_cast<int64_t>(writer_->audio_streams());
  report_.audio_left_out = writer_->left_out();
  report_.elapsed = watch.LapMs();
  return report_;
}

}  // namespace

bool IsVideo(const std::string& source) {
  Result<bool> is_video = IsVideoSource(source);
  ThrowIfError(is_video.status().Within(source));
  return *is_video;
}

VideoReport SegmentVideo(const Segmenter& segmenter, const std::string& source, const std::string& output,
                         const LabelColors& colors, const VideoOptions& options) {
  return VideoRun(segmenter, source, output, colors, options).Run();
}

}  // namespace segforge
