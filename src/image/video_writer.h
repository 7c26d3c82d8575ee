// Frames and copied audio into a video file that appears when it is complete.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "image/video_encoder.h"

namespace segforge {

class VideoWriter {
 public:
  // A video like `source` in size, times, colours and audio; the path's extension chooses the container.
  // with_audio: copies the audio streams that the container can hold. Errors do not repeat the path. Without
  // Finish() nothing is left. A name of another kind of file than a regular one is refused.
  static Result<std::unique_ptr<VideoWriter>> Create(const std::string& path, const VideoInfo& source,
                                                     const VideoQuality& quality, bool with_audio);

  // Of VideoInfo's size; time and duration as VideoFrame has them.
  Status Write(const ImageView& image, int64_t time, int64_t duration);
  Status WriteAudio(
      ffmpeg::PacketPtr packet);  // of any of the source's audio streams, as TakeAudio() gives it
  Status Finish();                // nothing may be written after it

  size_t audio_streams() const { return audio_.size(); }
  const std::vector<std::string>& left_out() const {
    return left_out_;
  }  // codecs of audio that is not copied
  const char* codec() const { return encoder_->codec->name; }

 private:
  struct AudioTrack {
    int stream_index;  // in the output
    AVRational source_base;
    int64_t last_time = INT64_MIN;
  };

  VideoWriter(ReplacementFile file, RgbToFrames to_frames, AVRational source_base)
      : file_(std::move(file)), to_frames_(std::move(to_frames)), source_base_(source_base) {}

  Status OpenOutput(const Container& container);
  Status AddVideo();
  Status AddAudio(const VideoInfo& source);
  Status Begin(const Container& container);
  Status Encode(const AVFrame* frame);  // null at the end

  ReplacementFile file_;  // before output_, which writes into it
  RgbToFrames to_frames_;
  AVRational source_base_;  // of the frames' times
  ffmpeg::OutputPtr output_;
  ffmpeg::CodecPtr encoder_;
  ffmpeg::PacketPtr packet_;
  AVStream* stream_ = nullptr;
  std::map<int, AudioTrack> audio_;  // by the source's stream_index
  std::vector<std::string> left_out_;
  std::map<int64_t, int64_t> durations_;  // of frames in the encoder, by time, in the encoder's time base
  int64_t last_time_ = INT64_MIN;
};

}  // namespace segforge
