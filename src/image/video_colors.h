// Between a video's colours, YUV of many kinds, and RGB.
#pragma once

#include "image/ffmpeg.h"
#include "image/image.h"

namespace segforge {

// How YUV is made of RGB where a video does not say: BT.709 from 720 rows on, BT.601 below.
AVColorSpace MatrixOf(AVColorSpace stated, int64_t height);

// Frames of one video to RGB of one size. Frames of another size, which a video may change to, are scaled.
class FramesToRgb {
 public:
  FramesToRgb(int64_t height, int64_t width) : height_(height), width_(width) {}

  // Takes any pixel format that swscale reads, of 8 bits or more, in the frame's own matrix and range.
  Result<Image> Convert(const AVFrame& frame);

 private:
  Status Prepare(const AVFrame& frame);

  int64_t height_, width_;
  ffmpeg::ScalerPtr scaler_;  // for frames as described below
  int from_height_ = 0, from_width_ = 0, format_ = -1, matrix_ = -1;
  bool full_range_ = false;
};

// RGB of one size to frames of 8-bit YUV with halved chroma, in a given matrix and limited range. Such frames
// have even sides: an odd picture's last row or column is repeated.
class RgbToFrames {
 public:
  static Result<RgbToFrames> Create(int64_t height, int64_t width, AVColorSpace matrix);

  Result<ffmpeg::FramePtr> Convert(const ImageView& image) const;

  int frame_height() const { return height_ + height_ % 2; }
  int frame_width() const { return width_ + width_ % 2; }

 private:
  RgbToFrames(int height, int width) : height_(height), width_(width) {}

  int height_, width_;
  ffmpeg::ScalerPtr scaler_;
};

}  // namespace segforge
