#include "image/video_colors.h"

#include <algorithm>
#include <array>

namespace segforge {
namespace {

using ffmpeg::Api;

// Exact arithmetic, and chroma interpolated at full resolution.
constexpr int kScaling = SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_FULL_CHR_H_INP;

struct Side {
  int height, width, format;
  AVColorSpace matrix;
  bool full_range;
};

Result<ffmpeg::ScalerPtr> MakeScaler(const Side& from, const Side& to) {
  ffmpeg::ScalerPtr scaler(Api().sws_getContext(
      from.width, from.height, static_cast<AVPixelFormat>(from.format), to.width, to.height,
      static_cast<AVPixelFormat>(to.format), kScaling, nullptr, nullptr, nullptr));
  if (scaler == nullptr) {
    return Unsupported("frames of {}x{} in FFmpeg's pixel format {} cannot be converted", from.width,
                       from.height, from.format);
  }
  constexpr int kOne = 1 << 16;
  Api().sws_setColorspaceDetails(scaler.get(), Api().sws_getCoefficients(from.matrix),
                                 from.full_range ? 1 : 0, Api().sws_getCoefficients(to.matrix),
                                 to.full_range ? 1 : 0, 0, kOne, kOne);
  return scaler;
}

bool IsFullRange(const AVFrame& frame) {
  const bool by_format = frame.format == AV_PIX_FMT_YUVJ420P || frame.format == AV_PIX_FMT_YUVJ422P ||
                         frame.format == AV_PIX_FMT_YUVJ444P || frame.format == AV_PIX_FMT_YUVJ440P ||
                         frame.format == AV_PIX_FMT_YUVJ411P;
  return by_format || frame.color_range == AVCOL_RANGE_JPEG;
}

// swscale's vector code may touch what lies behind the last row.
constexpr size_t kSlackBytes = 64;

// A copy with the last row and column repeated up to even sides, and slack behind it.
Image Padded(const ImageView& image) {
  Image padded = {image.height + image.height % 2, image.width + image.width % 2, {}};
  padded.pixels.reserve(static_cast<size_t>(padded.height * padded.width) * 3 + kSlackBytes);
  for (int64_t y = 0; y < padded.height; ++y) {
    const uint8_t* row = image.data + std::min(y, image.height - 1) * image.stride_bytes;
    padded.pixels.insert(padded.pixels.end(), row, row + image.width * 3);
    if (padded.width > image.width) {
      padded.pixels.insert(padded.pixels.end(), row + (image.width - 1) * 3, row + image.width * 3);
    }
  }
  padded.pixels.resize(padded.pixels.size() + kSlackBytes);
  return padded;
}

}  // namespace

AVColorSpace MatrixOf(AVColorSpace stated, int64_t height) {
  switch (stated) {
    case AVCOL_SPC_BT709:
    case AVCOL_SPC_FCC:
    case AVCOL_SPC_BT470BG:
    case AVCOL_SPC_SMPTE170M:
    case AVCOL_SPC_SMPTE240M:
    case AVCOL_SPC_BT2020_NCL:
      return stated;
    default:
      return height >= 720 ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M;
  }
}

Status FramesToRgb::Prepare(const AVFrame& frame) {
  const AVColorSpace matrix = MatrixOf(frame.colorspace, frame.height);
  const bool full_range = IsFullRange(frame);
  const bool same = from_height_ == frame.height && from_width_ == frame.width && format_ == frame.format &&
                    matrix_ == matrix && full_range_ == full_range;
  if (same && scaler_ != nullptr) return Status();
  const Side from = {frame.height, frame.width, frame.format, matrix, full_range};
  const Side to = {static_cast<int>(height_), static_cast<int>(width_), AV_PIX_FMT_RGB24, AVCOL_SPC_BT709,
                   true};
  SEGFORGE_ASSIGN_OR_RETURN(scaler_, MakeScaler(from, to));
  from_height_ = frame.height;
  from_width_ = frame.width;
  format_ = frame.format;
  matrix_ = matrix;
  full_range_ = full_range;
  return Status();
}

Result<Image> FramesToRgb::Convert(const AVFrame& frame) {
  SEGFORGE_RETURN_IF_ERROR(Prepare(frame));
  const auto bytes = static_cast<size_t>(height_ * width_) * 3;
  Image image = {height_, width_, std::vector<uint8_t>(bytes + kSlackBytes)};
  const std::array<uint8_t*, 4> planes = {image.pixels.data()};
  const std::array<int, 4> strides = {static_cast<int>(width_ * 3)};
  const int rows = Api().sws_scale(scaler_.get(), frame.data, frame.linesize, 0, frame.height, planes.data(),
                                   strides.data());
  if (rows < 0) return ffmpeg::ErrorOf("a frame cannot be converted", rows);
  image.pixels.resize(bytes);
  return image;
}

Result<RgbToFrames> RgbToFrames::Create(int64_t height, int64_t width, AVColorSpace matrix) {
  RgbToFrames converter(static_cast<int>(height), static_cast<int>(width));
  const int frame_height = converter.frame_height(), frame_width = converter.frame_width();
  const Side from = {frame_height, frame_width, AV_PIX_FMT_RGB24, AVCOL_SPC_BT709, true};
  const Side to = {frame_height, frame_width, AV_PIX_FMT_YUV420P, matrix, false};
  SEGFORGE_ASSIGN_OR_RETURN(converter.scaler_, MakeScaler(from, to));
  return converter;
}

Result<ffmpeg::FramePtr> RgbToFrames::Convert(const ImageView& image) const {
  SEGFORGE_CHECK(image.height == height_ && image.width == width_);
  const Image padded = Padded(image);
  ffmpeg::FramePtr frame(Api().av_frame_alloc());
  if (frame == nullptr) return OutOfMemory("there is not enough memory for a frame");
  frame->format = AV_PIX_FMT_YUV420P;
  frame->height = frame_height();
  frame->width = frame_width();
  if (Api().av_frame_get_buffer(frame.get(), 0) < 0)
    return OutOfMemory("there is not enough memory for a frame");
  const std::array<const uint8_t*, 4> planes = {padded.pixels.data()};
  const std::array<int, 4> strides = {static_cast<int>(padded.width * 3)};
  const int rows = Api().sws_scale(scaler_.get(), planes.data(), strides.data(), 0, frame->height,
                                   frame->data, frame->linesize);
  if (rows < 0) return ffmpeg::ErrorOf("a frame cannot be converted", rows);
  return frame;
}

}  // namespace segforge
