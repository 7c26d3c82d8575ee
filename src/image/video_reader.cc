#include "image/video_reader.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>
#include <utility>

#include "base/memory.h"
#include "image/decode.h"
#include "image/display_orientation.h"
#include "image/orientation.h"

namespace segforge {
namespace {

using ffmpeg::Api;

constexpr AVRational kMicroseconds = {1, 1'000'000};

// Decoding is far faster than what follows, and every further thread holds frames.
constexpr int kDecoderThreads = 2;

Status OutOfMemoryToRead() { return OutOfMemory("there is not enough memory to read it"); }

Status CheckSides(int64_t height, int64_t width) {
  constexpr int64_t kMostPixels = DecodeLimits().max_pixels;
  if (height < 1 || width < 1)
    return InvalidInput("expected frames of at least 1x1, got {}x{}", width, height);
  if (height <= kMostPixels / width) return CheckMemory(height * width * 3, "its frames");
  return Unsupported("frames of {}x{} are more than the limit of {} megapixels", width, height,
                     kMostPixels / 1'000'000);
}

const int32_t* DisplayMatrix(const AVStream& stream) {
#if LIBAVFORMAT_VERSION_INT >= AV_VERSION_INT(60, 15, 100)
  const AVPacketSideData* data = stream.codecpar->coded_side_data;
  const int count = stream.codecpar->nb_coded_side_data;
#else
  const AVPacketSideData* data = stream.side_data;
  const int count = stream.nb_side_data;
#endif
  constexpr size_t kMatrixBytes = 9 * sizeof(int32_t);
  for (int i = 0; i < count; ++i) {
    if (data[i].type == AV_PKT_DATA_DISPLAYMATRIX && data[i].size >= kMatrixBytes)
      return reinterpret_cast<const int32_t*>(data[i].data);
  }
  return nullptr;
}

int64_t DurationOf(const AVFrame& frame) {
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(58, 2, 100)
  return frame.duration;
#else
  return frame.pkt_duration;
#endif
}

// Bit rates say little about the length.
double SecondsOf(const AVFormatContext& input) {
  const bool known = input.duration > 0 && input.duration_estimation_method != AVFMT_DURATION_FROM_BITRATE;
  return known ? static_cast<double>(input.duration) / AV_TIME_BASE : 0;
}

int64_t FramesOf(const AVStream& stream, AVRational rate, double seconds) {
  if (stream.nb_frames > 0) return stream.nb_frames;
  return rate.num > 0 ? std::llround(seconds * av_q2d(rate)) : 0;
}

}  // namespace

Result<std::unique_ptr<VideoReader>> VideoReader::Open(const std::string& source,
                                                       std::function<bool()> stop) {
  std::unique_ptr<VideoReader> reader(new VideoReader(std::move(stop)));
  SEGFORGE_ASSIGN_OR_RETURN(reader->input_, OpenSource(source, reader->patience_));
  SEGFORGE_RETURN_IF_ERROR(reader->OpenDecoder());
  reader->Describe(source);
  SEGFORGE_RETURN_IF_ERROR(reader->DecodeFirst());
  return reader;
}

Status VideoReader::OpenDecoder() {
  const AVCodec* codec = nullptr;
  stream_index_ = Api().av_find_best_stream(input_.get(), AVMEDIA_TYPE_VIDEO, -1, -1, &codec, 0);
  if (stream_index_ == AVERROR_DECODER_NOT_FOUND) return Unsupported("FFmpeg has no decoder for its video");
  if (stream_index_ < 0 || (stream().disposition & AV_DISPOSITION_ATTACHED_PIC) != 0)
    return InvalidInput("there is no video in it");
  const AVCodecParameters& parameters = *stream().codecpar;
  SEGFORGE_RETURN_IF_ERROR(CheckSides(parameters.height, parameters.width));
  decoder_.reset(Api().avcodec_alloc_context3(codec));
  frame_.reset(Api().av_frame_alloc());
  packet_.reset(Api().av_packet_alloc());
  if (decoder_ == nullptr || frame_ == nullptr || packet_ == nullptr) return OutOfMemoryToRead();
  int code = Api().avcodec_parameters_to_context(decoder_.get(), &parameters);
  decoder_->pkt_timebase = stream().time_base;
  decoder_->max_pixels = DecodeLimits().max_pixels;
  decoder_->thread_count = kDecoderThreads;
  if (code >= 0) code = Api().avcodec_open2(decoder_.get(), codec, nullptr);
  return code >= 0 ? Status() : ffmpeg::ErrorOf(fmt::format("the {} decoder", codec->name), code);
}

// What the streams say; the rest is known from the first frame.
void VideoReader::Describe(const std::string& source) {
  info_.time_base = stream().time_base;
  info_.frame_rate = Api().av_guess_frame_rate(input_.get(), &stream(), nullptr);
  info_.seconds = SecondsOf(*input_);
  info_.frames = FramesOf(stream(), info_.frame_rate, info_.seconds);
  info_.live = KindOfSource(source) != SourceKind::kFile && info_.seconds == 0;
  orientation_ = OrientationOf(DisplayMatrix(stream()));
  for (unsigned i = 0; i < input_->nb_streams; ++i) {
    const AVStream& candidate = *input_->streams[i];
    if (candidate.codecpar->codec_type != AVMEDIA_TYPE_AUDIO) continue;
    AudioStream audio = {candidate.index, ParametersPtr(Api().avcodec_parameters_alloc()),
                         candidate.time_base};
    if (Api().avcodec_parameters_copy(audio.parameters.get(), candidate.codecpar) >= 0)
      info_.audio.push_back(std::move(audio));
  }
}

Status VideoReader::DecodeFirst() {
  if (!Decode()) {
    if (!end_.ok()) return end_;
    return last_error_ < 0 ? ffmpeg::ErrorOf("no frame can be decoded", last_error_)
                           : InvalidInput("there is no frame in it");
  }
  first_is_ready_ = true;
  SEGFORGE_RETURN_IF_ERROR(CheckSides(frame_->height, frame_->width));
  to_rgb_.emplace(frame_->height, frame_->width);
  info_.height = frame_->height;
  info_.width = frame_->width;
  info_.pixel_aspect = Api().av_guess_sample_aspect_ratio(input_.get(), &stream(), frame_.get());
  if (orientation_ >= 5) {
    std::swap(info_.height, info_.width);
    std::swap(info_.pixel_aspect.num, info_.pixel_aspect.den);
  }
  info_.matrix = MatrixOf(frame_->colorspace, frame_->height);
  info_.primaries = frame_->color_primaries;
  info_.transfer = frame_->color_trc;
  const int64_t first = frame_->best_effort_timestamp;
  if (input_->start_time != AV_NOPTS_VALUE && !info_.live) {
    origin_us_ = input_->start_time;
  } else if (first != AV_NOPTS_VALUE) {
    origin_us_ = Api().av_rescale_q(first, info_.time_base, kMicroseconds);
  }
  return Status();
}

bool VideoReader::Decode() {
  while (true) {
    const int code = Api().avcodec_receive_frame(decoder_.get(), frame_.get());
    if (code >= 0) {
      ++frames_;
      return true;
    }
    if (code == AVERROR_EOF || (drained_ && code != AVERROR(EAGAIN))) return false;
    if (code != AVERROR(EAGAIN)) {
      ++damaged_;
      last_error_ = code;
    }
    ReadPacket();
  }
}

void VideoReader::ReadPacket() {
  patience_.Begin();
  int code = patience_.stopped() ? AVERROR_EXIT : Api().av_read_frame(input_.get(), packet_.get());
  while (code == AVERROR(EAGAIN) && !patience_.IsExhausted()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    code = Api().av_read_frame(input_.get(), packet_.get());
  }
  if (code < 0) {
    NoteEnd(code);
    Api().avcodec_send_packet(decoder_.get(), nullptr);
    drained_ = true;
    return;
  }
  TakePacket();
  Api().av_packet_unref(packet_.get());
}

void VideoReader::TakePacket() {
  const AVRational time_base = input_->streams[packet_->stream_index]->time_base;
  const int64_t start = packet_->pts != AV_NOPTS_VALUE ? packet_->pts : packet_->dts;
  if (start != AV_NOPTS_VALUE)
    end_us_ = std::max(end_us_, Api().av_rescale_q(start + packet_->duration, time_base, kMicroseconds));
  if (packet_->stream_index == stream_index_) {
    const int code = Api().avcodec_send_packet(decoder_.get(), packet_.get());
    if (code < 0) last_error_ = code;
    if (code < 0 || (packet_->flags & AV_PKT_FLAG_CORRUPT) != 0) ++damaged_;
    return;
  }
  const bool wanted =
      std::ranges::find(info_.audio, packet_->stream_index, &AudioStream::index) != info_.audio.end();
  if (!wanted) return;
  ffmpeg::PacketPtr copy(Api().av_packet_alloc());
  if (copy == nullptr) return;
  Api().av_packet_move_ref(copy.get(), packet_.get());
  audio_.push_back(std::move(copy));
}

// A container that is cut off ends like any other; it is told by the length that it promised.
bool VideoReader::EndsEarly() const {
  constexpr int64_t kSlackUs = 500'000;  // durations are rough
  if (info_.live || info_.seconds == 0) return false;
  const int64_t start = input_->start_time == AV_NOPTS_VALUE ? 0 : input_->start_time;
  return end_us_ - start + kSlackUs < input_->duration;
}

void VideoReader::NoteEnd(int code) {
  if (patience_.timed_out()) {
    end_ = IoError("no data for {} s", Patience::kSeconds);
  } else if (patience_.stopped() || (code == AVERROR_EOF && !EndsEarly())) {
    end_ = Status();
  } else if (code == AVERROR_EOF) {
    const int64_t start = input_->start_time == AV_NOPTS_VALUE ? 0 : input_->start_time;
    const double read = static_cast<double>(end_us_ - start) / 1e6;
    end_ = InvalidInput("its end is missing, expected {:.1f} s, got {:.1f} s", info_.seconds, read);
  } else {
    end_ = ffmpeg::ErrorOf("it cannot be read", code);
  }
}

int64_t VideoReader::NextTime() {
  int64_t time = last_time_ + std::max<int64_t>(1, last_duration_);
  if (frame_->best_effort_timestamp != AV_NOPTS_VALUE) {
    const int64_t origin = Api().av_rescale_q(origin_us_, kMicroseconds, info_.time_base);
    time = std::max(frame_->best_effort_timestamp - origin, last_time_ + 1);
  }
  last_duration_ = std::max<int64_t>(0, DurationOf(*frame_));
  if (last_duration_ == 0 && info_.frame_rate.num > 0)
    last_duration_ = Api().av_rescale_q(1, av_inv_q(info_.frame_rate), info_.time_base);
  return last_time_ = time;
}

Result<std::optional<VideoFrame>> VideoReader::Read() {
  if (!std::exchange(first_is_ready_, false) && !Decode()) return std::optional<VideoFrame>();
  VideoFrame frame;
  SEGFORGE_ASSIGN_OR_RETURN(Image stored, to_rgb_->Convert(*frame_));
  SEGFORGE_ASSIGN_OR_RETURN(frame.image, Upright(std::move(stored), orientation_));
  frame.time = NextTime();
  frame.duration = last_duration_;
  return std::optional<VideoFrame>(std::move(frame));
}

std::vector<ffmpeg::PacketPtr> VideoReader::TakeAudio() {
  std::vector<ffmpeg::PacketPtr> taken;
  for (ffmpeg::PacketPtr& packet : audio_) {
    const auto stream = std::ranges::find(info_.audio, packet->stream_index, &AudioStream::index);
    const int64_t origin = Api().av_rescale_q(origin_us_, kMicroseconds, stream->time_base);
    if (packet->pts != AV_NOPTS_VALUE) packet->pts -= origin;
    if (packet->dts != AV_NOPTS_VALUE) packet->dts -= origin;
    // A broadcast is joined where its next whole picture begins, and its sound there too.
    const bool too_early = info_.live && packet->pts != AV_NOPTS_VALUE && packet->pts < 0;
    if (!too_early) taken.push_back(std::move(packet));
  }
  audio_.clear();
  return taken;
}

Status VideoReader::Damage() const {
  if (!end_.ok()) return end_.Within(fmt::format("breaks off after {} frames", frames_));
  if (damaged_ == 0) return Status();
  return InvalidInput("damaged: {} packets of it could not be decoded whole; {} frames could", damaged_,
                      frames_);
}

}  // namespace segforge
