// Which container a file's name asks for, and which encoder goes into it.
#pragma once

#include <filesystem>

#include "image/video_reader.h"

namespace segforge {

struct Container {
  const char* extension;  // ".mp4"
  const char* format;     // FFmpeg's muxer
  bool is_webm;
};

// kInvalidInput, naming what is known, for another extension.
Result<Container> ContainerOf(const std::filesystem::path& path);

struct VideoQuality {
  int crf = -1;  // of x264 and libvpx: smaller is better and larger; -1 for the encoder's usual one
};

// Opened for frames of that size, in 8-bit YUV with halved chroma, which are `like` a source's in all else:
// H.264 where FFmpeg has x264, else MPEG-4; VP9, else VP8, in WebM. global_header: as the muxer wants it.
Result<ffmpeg::CodecPtr> OpenEncoder(const Container& container, int height, int width, const VideoInfo& like,
                                     const VideoQuality& quality, bool global_header);

}  // namespace segforge
