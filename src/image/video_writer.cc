#include "image/video_writer.h"

#include <algorithm>
#include <utility>

namespace segforge {
namespace {

using ffmpeg::Api;

Status CannotWrite(int code) { return ffmpeg::ErrorOf("cannot write", code); }

Status CheckPlace(const std::filesystem::path& path) {
  std::error_code missing;
  const auto type = std::filesystem::status(path, missing).type();
  const bool replaceable =
      type == std::filesystem::file_type::regular || type == std::filesystem::file_type::not_found;
  return replaceable ? Status() : InvalidInput("expected a file to write a video to, got something else");
}

}  // namespace

Result<std::unique_ptr<VideoWriter>> VideoWriter::Create(const std::string& path, const VideoInfo& source,
                                                         const VideoQuality& quality, bool with_audio) {
  SEGFORGE_RETURN_IF_ERROR(ffmpeg::Load());
  SEGFORGE_ASSIGN_OR_RETURN(const Container container, ContainerOf(path));
  SEGFORGE_RETURN_IF_ERROR(CheckPlace(path));
  SEGFORGE_ASSIGN_OR_RETURN(RgbToFrames to_frames,
                            RgbToFrames::Create(source.height, source.width, source.matrix));
  SEGFORGE_ASSIGN_OR_RETURN(ReplacementFile file, ReplacementFile::Create(path));
  std::unique_ptr<VideoWriter> writer(
      new VideoWriter(std::move(file), std::move(to_frames), source.time_base));
  SEGFORGE_RETURN_IF_ERROR(writer->OpenOutput(container));
  const bool global_header = (writer->output_->oformat->flags & AVFMT_GLOBALHEADER) != 0;
  SEGFORGE_ASSIGN_OR_RETURN(writer->encoder_,
                            OpenEncoder(container, writer->to_frames_.frame_height(),
                                        writer->to_frames_.frame_width(), source, quality, global_header));
  SEGFORGE_RETURN_IF_ERROR(writer->AddVideo());
  if (with_audio) SEGFORGE_RETURN_IF_ERROR(writer->AddAudio(source));
  SEGFORGE_RETURN_IF_ERROR(writer->Begin(container));
  return writer;
}

Status VideoWriter::OpenOutput(const Container& container) {
  const std::string url = "file:" + file_.temporary_path();
  AVFormatContext* context = nullptr;
  int code = Api().avformat_alloc_output_context2(&context, nullptr, container.format, url.c_str());
  if (code < 0) return ffmpeg::ErrorOf(fmt::format("FFmpeg's {} writer", container.format), code);
  output_.reset(context);
  code = Api().avio_open(&context->pb, url.c_str(), AVIO_FLAG_WRITE);
  return code < 0 ? CannotWrite(code) : Status();
}

Status VideoWriter::AddVideo() {
  packet_.reset(Api().av_packet_alloc());
  stream_ = Api().avformat_new_stream(output_.get(), nullptr);
  if (packet_ == nullptr || stream_ == nullptr) return OutOfMemory("there is not enough memory to write it");
  stream_->time_base = encoder_->time_base;
  stream_->avg_frame_rate = encoder_->framerate;
  stream_->sample_aspect_ratio = encoder_->sample_aspect_ratio;
  const int code = Api().avcodec_parameters_from_context(stream_->codecpar, encoder_.get());
  return code < 0 ? CannotWrite(code) : Status();
}

Status VideoWriter::AddAudio(const VideoInfo& source) {
  for (const AudioStream& audio : source.audio) {
    const AVCodecID codec = audio.parameters->codec_id;
    if (Api().avformat_query_codec(output_->oformat, codec, FF_COMPLIANCE_NORMAL) != 1) {
      left_out_.emplace_back(Api().avcodec_get_name(codec));
      continue;
    }
    AVStream* stream = Api().avformat_new_stream(output_.get(), nullptr);
    if (stream == nullptr) return OutOfMemory("there is not enough memory to write it");
    const int code = Api().avcodec_parameters_copy(stream->codecpar, audio.parameters.get());
    if (code < 0) return CannotWrite(code);
    stream->codecpar->codec_tag = 0;  // the source container's
    stream->time_base = audio.time_base;
    audio_.emplace(audio.index, AudioTrack{stream->index, audio.time_base});
  }
  return Status();
}

Status VideoWriter::Begin(const Container& container) {
  ffmpeg::Dictionary options;
  // Players over a network want the index before the frames.
  if (!container.is_webm && std::string_view(container.format) != "matroska")
    options.Set("movflags", "+faststart");
  const int code = Api().avformat_write_header(output_.get(), options.get());
  return code < 0 ? CannotWrite(code) : Status();
}

Status VideoWriter::Write(const ImageView& image, int64_t time, int64_t duration) {
  SEGFORGE_ASSIGN_OR_RETURN(const ffmpeg::FramePtr frame, to_frames_.Convert(image));
  frame->pts = Api().av_rescale_q(time, source_base_, encoder_->time_base);
  if (last_time_ != INT64_MIN) frame->pts = std::max(frame->pts, last_time_ + 1);
  last_time_ = frame->pts;
  durations_[frame->pts] = Api().av_rescale_q(duration, source_base_, encoder_->time_base);
  return Encode(frame.get());
}

Status VideoWriter::Encode(const AVFrame* frame) {
  int code = Api().avcodec_send_frame(encoder_.get(), frame);
  if (code < 0) return ffmpeg::ErrorOf("cannot encode", code);
  while ((code = Api().avcodec_receive_packet(encoder_.get(), packet_.get())) >= 0) {
    const auto duration = durations_.find(packet_->pts);
    if (duration != durations_.end()) {
      packet_->duration = duration->second;
      durations_.erase(duration);
    }
    packet_->stream_index = stream_->index;
    Api().av_packet_rescale_ts(packet_.get(), encoder_->time_base, stream_->time_base);
    code = Api().av_interleaved_write_frame(output_.get(), packet_.get());
    if (code < 0) return CannotWrite(code);
  }
  return code == AVERROR(EAGAIN) || code == AVERROR_EOF ? Status() : ffmpeg::ErrorOf("cannot encode", code);
}

Status VideoWriter::WriteAudio(ffmpeg::PacketPtr packet) {
  const auto track = audio_.find(packet->stream_index);
  if (track == audio_.end()) return Status();
  AudioTrack& to = track->second;
  Api().av_packet_rescale_ts(packet.get(), to.source_base, output_->streams[to.stream_index]->time_base);
  packet->stream_index = to.stream_index;
  packet->pos = -1;  // its place in the source
  if (packet->dts == AV_NOPTS_VALUE) packet->dts = packet->pts;
  if (packet->dts == AV_NOPTS_VALUE || packet->dts <= to.last_time)
    return Status();  // muxers refuse such times
  to.last_time = packet->dts;
  const int code = Api().av_interleaved_write_frame(output_.get(), packet.get());
  return code < 0 ? CannotWrite(code) : Status();
}

Status VideoWriter::Finish() {
  SEGFORGE_RETURN_IF_ERROR(Encode(nullptr));
  int code = Api().av_write_trailer(output_.get());
  if (code >= 0) code = Api().avio_closep(&output_->pb);
  if (code < 0) return CannotWrite(code);
  return file_.Commit();
}

}  // namespace segforge
