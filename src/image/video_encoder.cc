#include "image/video_encoder.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace segforge {
namespace {

using ffmpeg::Api;

constexpr std::array<Container, 4> kContainers = {
    {{".mp4", "mp4", false}, {".mov", "mov", false}, {".mkv", "matroska", false}, {".webm", "webm", true}}};

constexpr int kMostCrfOfX264 = 51;
constexpr int kMostTimeBaseOfMpeg4 = 65535;

// The first of them that FFmpeg was built with.
template <size_t kCount>
const AVCodec* FirstEncoder(const std::array<const char*, kCount>& names) {
  for (const char* name : names) {
    if (const AVCodec* codec = Api().avcodec_find_encoder_by_name(name)) return codec;
  }
  return nullptr;
}

const AVCodec* EncoderFor(const Container& container) {
  if (container.is_webm) return FirstEncoder<2>({"libvpx-vp9", "libvpx"});
  return FirstEncoder<2>({"libx264", "mpeg4"});
}

void SetQuality(AVCodecContext& encoder, int crf, ffmpeg::Dictionary& options) {
  const std::string_view name = encoder.codec->name;
  if (name == "libx264") {
    options.Set("crf", std::to_string(crf < 0 ? 20 : std::min(crf, kMostCrfOfX264)));
  } else if (name == "mpeg4") {  // its scale goes to 31, in about a third of x264's steps
    encoder.flags |= AV_CODEC_FLAG_QSCALE;
    encoder.global_quality = FF_QP2LAMBDA * (crf < 0 ? 4 : std::clamp(crf / 5, 1, 31));
  } else {
    constexpr int64_t kMostBitsPerSecondOfVp8 = 50'000'000;
    const bool is_vp9 = encoder.codec_id == AV_CODEC_ID_VP9;
    encoder.bit_rate = is_vp9 ? 0 : kMostBitsPerSecondOfVp8;  // VP8 takes crf as a bound only
    options.Set("crf", std::to_string(crf < 0 ? (is_vp9 ? 31 : 10) : std::max(crf, 4)));
    options.Set("deadline", "good");
    options.Set("cpu-used", "4");
    if (is_vp9) options.Set("row-mt", "1");
  }
}

// MPEG-4 counts time in at most 65535 parts of a second.
AVRational TimeBaseFor(AVCodecID codec, AVRational wanted) {
  const bool too_fine = codec == AV_CODEC_ID_MPEG4 && wanted.den > kMostTimeBaseOfMpeg4;
  return too_fine ? AVRational{1, 60000} : wanted;
}

}  // namespace

Result<Container> ContainerOf(const std::filesystem::path& path) {
  const auto* container = std::ranges::find(kContainers, path.extension().string(), &Container::extension);
  if (container != kContainers.end()) return *container;
  return InvalidInput("a video is written as .mp4, .mov, .mkv or .webm, got \"{}\"",
                      path.extension().string());
}

Result<ffmpeg::CodecPtr> OpenEncoder(const Container& container, int height, int width, const VideoInfo& like,
                                     const VideoQuality& quality, bool global_header) {
  const AVCodec* codec = EncoderFor(container);
  if (codec == nullptr) return Unsupported("this FFmpeg has no encoder for {}", container.extension);
  ffmpeg::CodecPtr encoder(Api().avcodec_alloc_context3(codec));
  if (encoder == nullptr) return OutOfMemory("there is not enough memory for its encoder");
  encoder->height = height;
  encoder->width = width;
  encoder->pix_fmt = AV_PIX_FMT_YUV420P;
  encoder->time_base = TimeBaseFor(codec->id, like.time_base);
  encoder->framerate = like.frame_rate;
  encoder->sample_aspect_ratio = like.pixel_aspect;
  encoder->colorspace = like.matrix;
  encoder->color_range = AVCOL_RANGE_MPEG;
  encoder->color_primaries = like.primaries;
  encoder->color_trc = like.transfer;
  encoder->thread_count = 0;  // as many as are useful
  if (global_header) encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  ffmpeg::Dictionary options;
  SetQuality(*encoder, quality.crf, options);
  const int code = Api().avcodec_open2(encoder.get(), codec, options.get());
  if (code < 0) return ffmpeg::ErrorOf(fmt::format("the {} encoder", codec->name), code);
  return encoder;
}

}  // namespace segforge
