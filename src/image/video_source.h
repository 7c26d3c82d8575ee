// Where a video comes from: a file, a camera, or an address.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "image/ffmpeg.h"

namespace segforge {

enum class SourceKind : uint8_t { kFile, kCamera, kAddress };

SourceKind KindOfSource(const std::string& source);  // kFile, too, for what does not exist

// Frames come whether they are awaited or not: a camera, or an address of RTSP, RTP, UDP, SRT or RTMP.
bool IsRealTime(const std::string& source);

// A camera or an address; or a file whose first bytes FFmpeg knows as a container of video or audio, and that
// is none of the pictures whose formats FFmpeg reads too. False for what is no regular file or cannot be
// read. An error only where FFmpeg would have to tell and cannot be loaded. Pictures do not load it.
Result<bool> IsVideoSource(const std::string& source);

// Ends what takes too long, or is no longer wanted. FFmpeg asks it while it waits for the network.
class Patience {
 public:
  explicit Patience(std::function<bool()> stop) : stop_(std::move(stop)) {}

  void Begin();        // of a wait: from now on it may take kSeconds
  bool IsExhausted();  // asked for, or too late
  bool stopped() const { return stop_ && stop_(); }
  bool timed_out() const { return timed_out_; }

  static constexpr int kSeconds = 10;

 private:
  std::function<bool()> stop_;
  int64_t deadline_us_ = INT64_MAX;
  bool timed_out_ = false;
};

// Opens and probes. `patience` must outlive the result. A file may refer to nothing outside itself but other
// files, an address to nothing but addresses. Errors do not repeat the source.
Result<ffmpeg::InputPtr> OpenSource(const std::string& source, Patience& patience);

}  // namespace segforge
