#include "image/ffmpeg.h"

#include <dlfcn.h>
#include <libavdevice/version_major.h>

#include <array>

namespace segforge::ffmpeg {
namespace {

// The library stays loaded until the program ends.
class Library {
 public:
  Library(const char* name, int version)
      : file_(fmt::format("lib{}.so.{}", name, version)), handle_(dlopen(file_.c_str(), RTLD_LAZY)) {
    if (handle_ == nullptr) {
      status_ = Unsupported("video needs FFmpeg's {}, which cannot be loaded: {}", file_, dlerror());
    }
  }

  template <typename Function>
  void Bind(const char* name, Function& function) {
    if (!status_.ok()) return;
    function = reinterpret_cast<Function>(dlsym(handle_, name));
    if (function == nullptr) status_ = Unsupported("FFmpeg's {} lacks {}", file_, name);
  }

  const Status& status() const { return status_; }

 private:
  std::string file_;
  void* handle_;
  Status status_;
};

Result<Functions> LoadFunctions() {
  Functions functions;
  Library avutil("avutil", LIBAVUTIL_VERSION_MAJOR);
  Library avcodec("avcodec", LIBAVCODEC_VERSION_MAJOR);
  Library avformat("avformat", LIBAVFORMAT_VERSION_MAJOR);
  Library swscale("swscale", LIBSWSCALE_VERSION_MAJOR);
#define SEGFORGE_BIND(library, name) library.Bind(#name, functions.name);
#define SEGFORGE_BIND_AVUTIL(name) SEGFORGE_BIND(avutil, name)
#define SEGFORGE_BIND_AVCODEC(name) SEGFORGE_BIND(avcodec, name)
#define SEGFORGE_BIND_AVFORMAT(name) SEGFORGE_BIND(avformat, name)
#define SEGFORGE_BIND_SWSCALE(name) SEGFORGE_BIND(swscale, name)
  SEGFORGE_AVUTIL_FUNCTIONS(SEGFORGE_BIND_AVUTIL)
  SEGFORGE_AVCODEC_FUNCTIONS(SEGFORGE_BIND_AVCODEC)
  SEGFORGE_AVFORMAT_FUNCTIONS(SEGFORGE_BIND_AVFORMAT)
  SEGFORGE_SWSCALE_FUNCTIONS(SEGFORGE_BIND_SWSCALE)
  for (const Library* library : {&avutil, &avcodec, &avformat, &swscale}) {
    SEGFORGE_RETURN_IF_ERROR(library->status());
  }
  functions.av_log_set_level(AV_LOG_QUIET);
  return functions;
}

const Result<Functions>& Loaded() {
  static const Result<Functions> functions = LoadFunctions();
  return functions;
}

Status RegisterDevices() {
  void (*register_all)() = nullptr;
  Library avdevice("avdevice", LIBAVDEVICE_VERSION_MAJOR);
  avdevice.Bind("avdevice_register_all", register_all);
  if (avdevice.status().ok()) register_all();
  return avdevice.status();
}

StatusCode CodeOf(int code) {
  switch (code) {
    case AVERROR(ENOMEM):
      return StatusCode::kOutOfMemory;
    case AVERROR_INVALIDDATA:
    case AVERROR_EOF:
      return StatusCode::kInvalidInput;
    case AVERROR_DECODER_NOT_FOUND:
    case AVERROR_DEMUXER_NOT_FOUND:
    case AVERROR_PATCHWELCOME:
    case AVERROR_PROTOCOL_NOT_FOUND:
      return StatusCode::kUnsupported;
    default:
      return StatusCode::kIo;
  }
}

}  // namespace

Status Load() { return Loaded().status(); }

Status LoadDevices() {
  static const Status status = RegisterDevices();
  return status;
}

const Functions& Api() { return Loaded().value(); }

Status ErrorOf(std::string_view what, int code) {
  std::array<char, AV_ERROR_MAX_STRING_SIZE> words = {};
  Api().av_strerror(code, words.data(), words.size());
  return Status(CodeOf(code), fmt::format("{}: {}", what, words.data()));
}

}  // namespace segforge::ffmpeg
