#include "image/video_source.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <span>
#include <string_view>
#include <vector>

#include "image/decode.h"

namespace segforge {
namespace {

struct Scheme {
  std::string_view name;
  bool is_real_time;
};

constexpr std::array<Scheme, 10> kSchemes = {{{"rtsp", true},
                                              {"rtsps", true},
                                              {"rtp", true},
                                              {"udp", true},
                                              {"srt", true},
                                              {"rtmp", true},
                                              {"rtmps", true},
                                              {"tcp", false},
                                              {"http", false},
                                              {"https", false}}};

// What an address may lead to: a playlist's parts, keys, the transport below. No files.
constexpr const char* kAddressProtocols = "rtsp,rtsps,rtp,srtp,udp,srt,rtmp,rtmps,tcp,tls,http,https,crypto";

const Scheme* SchemeOf(std::string_view source) {
  const size_t end = source.find("://");
  const auto* scheme = std::ranges::find(kSchemes, source.substr(0, end), &Scheme::name);
  return end == std::string_view::npos || scheme == kSchemes.end() ? nullptr : scheme;
}

int64_t NowUs() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

// Formats of single pictures: "image2", "png_pipe".
bool IsPicture(std::string_view format) { return format.ends_with("_pipe") || format.starts_with("image2"); }

// The beginning of a regular file, with zeros after it, as probing needs them; nothing of any other kind of
// file, which may be read only once.
std::vector<uint8_t> ReadBeginning(const std::string& path, size_t most_bytes) {
  std::error_code missing;
  std::vector<uint8_t> bytes(AVPROBE_PADDING_SIZE);
  if (!std::filesystem::is_regular_file(path, missing)) return bytes;
  std::ifstream file(path, std::ios::binary);
  bytes.resize(most_bytes + AVPROBE_PADDING_SIZE);
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(most_bytes));
  bytes.resize(static_cast<size_t>(file.gcount()));
  bytes.resize(bytes.size() + AVPROBE_PADDING_SIZE);
  return bytes;
}

int AskPatience(void* patience) { return static_cast<Patience*>(patience)->IsExhausted() ? 1 : 0; }

struct Opening {
  std::string url;
  const AVInputFormat* format = nullptr;
  ffmpeg::Dictionary options;
};

Status Describe(const std::string& source, Opening& opening) {
  opening.url = source;
  switch (KindOfSource(source)) {
    case SourceKind::kFile:
      opening.url = "file:" + source;  // a colon in a name is no protocol
      opening.options.Set("protocol_whitelist", "file");
      return Status();
    case SourceKind::kAddress:
      opening.options.Set("protocol_whitelist", kAddressProtocols);
      opening.options.Set("rtsp_flags", "prefer_tcp");
      return Status();
    case SourceKind::kCamera:
      SEGFORGE_RETURN_IF_ERROR(ffmpeg::LoadDevices());
      opening.format = ffmpeg::Api().av_find_input_format("v4l2");
      return opening.format != nullptr ? Status() : Unsupported("this FFmpeg reads no cameras (v4l2)");
  }
  return Status();
}

Status Failure(const char* what, int code, const Patience& patience) {
  if (patience.timed_out()) return IoError("{}: no answer within {} s", what, Patience::kSeconds);
  return ffmpeg::ErrorOf(what, code);
}

// Looks into the streams, where frames may be decoded: of no greater size than ours.
int FindStreams(AVFormatContext& input) {
  const std::string most = std::to_string(DecodeLimits().max_pixels);
  std::vector<AVDictionary*> entries(input.nb_streams);
  for (AVDictionary*& each : entries) ffmpeg::Api().av_dict_set(&each, "max_pixels", most.c_str(), 0);
  const int code = ffmpeg::Api().avformat_find_stream_info(&input, entries.data());
  for (AVDictionary*& each : entries) ffmpeg::Api().av_dict_free(&each);
  return code;
}

}  // namespace

void Patience::Begin() { deadline_us_ = NowUs() + int64_t{kSeconds} * 1'000'000; }

bool Patience::IsExhausted() {
  timed_out_ = timed_out_ || NowUs() > deadline_us_;
  return timed_out_ || stopped();
}

SourceKind KindOfSource(const std::string& source) {
  if (SchemeOf(source) != nullptr) return SourceKind::kAddress;
  constexpr unsigned kVideo4LinuxMajor = 81;
  struct stat info = {};
  const bool camera =
      ::stat(source.c_str(), &info) == 0 && S_ISCHR(info.st_mode) && major(info.st_rdev) == kVideo4LinuxMajor;
  return camera ? SourceKind::kCamera : SourceKind::kFile;
}

bool IsRealTime(const std::string& source) {
  const Scheme* scheme = SchemeOf(source);
  return scheme != nullptr ? scheme->is_real_time : KindOfSource(source) == SourceKind::kCamera;
}

Result<bool> IsVideoSource(const std::string& source) {
  if (KindOfSource(source) != SourceKind::kFile) return true;
  constexpr size_t kSignatureBytes = 64, kProbedBytes = size_t{1} << 20;
  const std::vector<uint8_t> signature = ReadBeginning(source, kSignatureBytes);
  const bool is_empty = signature.size() == AVPROBE_PADDING_SIZE;
  if (is_empty || LooksLikeImage(std::as_bytes(std::span(signature)))) return false;
  if (Status loaded = ffmpeg::Load(); !loaded.ok()) return loaded.Within("not an image");
  std::vector<uint8_t> bytes = ReadBeginning(source, kProbedBytes);
  AVProbeData data = {};
  data.filename = "";
  data.buf = bytes.data();
  data.buf_size = static_cast<int>(bytes.size() - AVPROBE_PADDING_SIZE);
  int score = 0;
  const AVInputFormat* format = ffmpeg::Api().av_probe_input_format3(&data, 1, &score);
  return format != nullptr && score > AVPROBE_SCORE_RETRY && !IsPicture(format->name);
}

Result<ffmpeg::InputPtr> OpenSource(const std::string& source, Patience& patience) {
  SEGFORGE_RETURN_IF_ERROR(ffmpeg::Load());
  const ffmpeg::Functions& av = ffmpeg::Api();
  Opening opening;
  SEGFORGE_RETURN_IF_ERROR(Describe(source, opening));
  AVFormatContext* context = av.avformat_alloc_context();
  if (context == nullptr) return OutOfMemory("there is not enough memory to open it");
  context->interrupt_callback = {AskPatience, &patience};
  patience.Begin();
  const int code =
      av.avformat_open_input(&context, opening.url.c_str(), opening.format, opening.options.get());
  if (code < 0) return Failure("cannot be opened", code, patience);  // which has freed the context
  ffmpeg::InputPtr input(context);
  patience.Begin();
  const int streams = FindStreams(*input);
  if (streams < 0) return Failure("its streams cannot be told", streams, patience);
  return input;
}

}  // namespace segforge
