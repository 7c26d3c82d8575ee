// A video's frames as upright RGB, with their times, and its audio as it is stored.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "image/video_colors.h"
#include "image/video_source.h"

namespace segforge {

using ParametersPtr = std::unique_ptr<AVCodecParameters, ffmpeg::Free>;

struct AudioStream {
  int index = 0;  // in the source: packets' stream_index
  ParametersPtr parameters;
  AVRational time_base = {0, 1};  // of its packets' times
};

struct VideoInfo {
  int64_t height = 0;  // upright, of every frame
  int64_t width = 0;
  AVRational time_base = {0, 1};     // of the frames' times
  AVRational frame_rate = {0, 1};    // on average; 0 when unknown
  AVRational pixel_aspect = {0, 1};  // width to height; 0 when unknown
  AVColorSpace matrix = AVCOL_SPC_UNSPECIFIED;
  AVColorPrimaries primaries = AVCOL_PRI_UNSPECIFIED;
  AVColorTransferCharacteristic transfer = AVCOL_TRC_UNSPECIFIED;
  int64_t frames = 0;  // about so many; 0 when unknown
  double seconds = 0;  // 0 when unknown
  bool live = false;   // no file, and without a known end
  std::vector<AudioStream> audio;
};

struct VideoFrame {
  Image image;
  int64_t time = 0;      // from the video's beginning, in VideoInfo::time_base; grows from frame to frame
  int64_t duration = 0;  // the average one where the source has none; 0 when that is unknown too
};

class VideoReader {
 public:
  // Decodes the first frame, too. `stop` may be null; when it says true, waiting and reading end as the video
  // does. Sides are as image/decode.h limits them. Errors do not repeat the source: no video stream, no
  // decoder, no frame that can be decoded, no answer.
  static Result<std::unique_ptr<VideoReader>> Open(const std::string& source, std::function<bool()> stop);

  const VideoInfo& info() const { return info_; }

  Result<std::optional<VideoFrame>> Read();    // nullopt at the end
  std::vector<ffmpeg::PacketPtr> TakeAudio();  // that came since the last call; times as frames' have it

  // After the end: why it came too early, or that part of the video could not be decoded.
  Status Damage() const;

 private:
  explicit VideoReader(std::function<bool()> stop) : patience_(std::move(stop)) {}

  Status OpenDecoder();
  Status DecodeFirst();
  void Describe(const std::string& source);
  bool Decode();      // the next frame into frame_; false at the end
  void ReadPacket();  // and hand it on
  void TakePacket();
  void NoteEnd(int code);
  bool EndsEarly() const;
  int64_t NextTime();
  AVStream& stream() const { return *input_->streams[stream_index_]; }

  Patience patience_;  // before input_, which refers to it
  ffmpeg::InputPtr input_;
  ffmpeg::CodecPtr decoder_;
  ffmpeg::FramePtr frame_;
  ffmpeg::PacketPtr packet_;
  int stream_index_ = -1;
  VideoInfo info_;
  int orientation_ = 1;
  std::optional<FramesToRgb> to_rgb_;
  std::vector<ffmpeg::PacketPtr> audio_;
  int64_t origin_us_ = 0;  // the source's time of our 0
  int64_t last_time_ = -1;
  int64_t last_duration_ = 0;
  int64_t frames_ = 0;   // decoded
  int64_t damaged_ = 0;  // packets that could not be
  int64_t end_us_ = 0;   // of what was read
  bool first_is_ready_ = false;
  bool drained_ = false;
  int last_error_ = 0;  // of the decoder
  Status end_;          // how reading ended, where not as it should
};

}  // namespace segforge
