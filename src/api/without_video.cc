// What takes segment_video.cc's place in a build without FFmpeg.
#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>

#include "api/error.h"
#include "segforge/video.h"

namespace segforge {
namespace {

[[noreturn]] void Refuse(const std::string& source) {
  Throw(Unsupported("{}: this segforge was built without video (FFmpeg)", source));
}

}  // namespace

// By the name: what could look at the bytes is not there.
bool IsVideo(const std::string& source) {
  constexpr std::array<std::string_view, 5> kExtensions = {".mp4", ".mov", ".mkv", ".webm", ".avi"};
  const std::string extension = std::filesystem::path(source).extension().string();
  const bool is_address = source.find("://") != std::string::npos;
  if (is_address || std::ranges::find(kExtensions, extension) != kExtensions.end()) Refuse(source);
  return false;
}

VideoReport SegmentVideo(const Segmenter& /*segmenter*/, const std::string& source,
                         const std::string& /*output*/, const LabelColors& /*colors*/,
                         const VideoOptions& /*options*/) {
  Refuse(source);
}

}  // namespace segforge
