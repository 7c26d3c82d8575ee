// Videos: every frame segmented, with the labels over it, in a video of the same times and sound.
//
//   segforge::Segmenter segmenter("street-b0");
//   segforge::SegmentVideo(segmenter, "drive.mp4", "drive.overlay.mp4",
//                          segforge::LoadLabelColors("", segmenter.info()));
//
// FFmpeg's libraries read and write them. They are loaded at the first call, and their own log is silenced in
// the whole process. Where they are missing, and in a build without video, Error kUnsupported is thrown.
#pragma once

#include <functional>

#include "segforge/files.h"

namespace segforge {

enum class VideoFormat : uint8_t {
  kOverlay,  // the frame with the labels' colours over it
  kColor,    // the colours alone
};

struct VideoProgress {
  int64_t frames = 0;  // done so far
  int64_t total = 0;   // about so many; 0 when unknown
  double seconds = 0;  // since the beginning, of the clock on the wall
};

struct VideoOptions {
  VideoFormat format = VideoFormat::kOverlay;
  double alpha = 0.5;       // weight of the colours in an overlay, 0 to 1
  int64_t every = 1;        // the network sees every n-th frame; those between get the labels of the last one
  double smooth = 0;        // LogitAverage's keep, over the frames that the network sees; 0 for none
  double reject_below = 0;  // as Wanted has it
  int crf = -1;             // of the encoder: smaller is better and larger; -1 for its usual one
  bool audio = true;        // copies the audio, where the output can hold its codec
  int64_t most_frames = 0;  // ends after so many; 0 for all
  double most_seconds = 0;  // ends at that time in the video; 0 for all
  // Asked often, from several threads. Once it says true, of a live source (a camera, an address without a
  // known end) the output is completed with what there is; of any other nothing is left.
  std::function<bool()> stop = nullptr;
  std::function<void(const VideoProgress&)> progress = nullptr;  // after each frame, on the calling thread
};

struct VideoReport {
  int64_t height = 0;  // of the frames
  int64_t width = 0;
  int64_t frames = 0;     // written
  int64_t segmented = 0;  // that the network saw
  int64_t dropped = 0;    // of a source in real time, that came while the network was busy
  double seconds = 0;     // of the video
  bool live = false;
  bool stopped = false;  // by VideoOptions::stop; if not `live`, nothing was written
  std::string damage;  // "" for none; else how the source broke off, or that parts of it could not be decoded
  std::string codec;   // encoder of the output
  int64_t audio_streams = 0;                // that were copied
  std::vector<std::string> audio_left_out;  // codecs that the output cannot hold
  std::vector<int64_t> pixels;              // of each class, over all frames written
  int64_t rejected = 0;                     // pixels of no class, likewise
  int64_t network_height = 0;
  int64_t network_width = 0;
  // Milliseconds. Decoding, the network and encoding run side by side, so that `elapsed` is less than the
  // sum.
  double decode = 0;
  Timings network;
  double encode = 0;  // and colours
  double elapsed = 0;
};

// Whether it is one by its bytes, whatever its name: a file that FFmpeg knows as audio or video and that is
// no picture; a camera (/dev/video0); or an address (rtsp, rtsps, rtp, udp, srt, rtmp, rtmps, tcp, http,
// https). False for a file that cannot be read.
SEGFORGE_API bool IsVideo(const std::string& source);

// output: a .mp4, .mov, .mkv or .webm file, which appears when it is complete. H.264 (MPEG-4 where FFmpeg
// lacks x264), in .webm VP9. Frames keep their times, and get even sides by repeating the last row or column.
// They are upright: a source's rotation is applied. A source that breaks off gives a whole video of the
// frames up to there, and a report that says so. Memory does not grow with the length.
SEGFORGE_API VideoReport SegmentVideo(const Segmenter& segmenter, const std::string& source,
                                      const std::string& output, const LabelColors& colors,
                                      const VideoOptions& options = {});

}  // namespace segforge
