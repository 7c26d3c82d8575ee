// The two resampling dialects behind Resize(), and what whoever computes them elsewhere must know of them,
// besides their taps.
#pragma once

#include "image/preprocess.h"

namespace segforge {

// Sizes are at least 1x1, and size is not the source's own.
Image ResizePillow(const ImageView& source, ImageSize size, ThreadPool* pool);
Image ResizeOpenCv(const ImageView& source, ImageSize size, ThreadPool* pool);

// Pillow rounds the first of its two passes to u8, so their order shows, by one step in some pixels. Up to
// version 12 it always began with the width; version 13 begins with the height where that shrinks much more.
bool PillowShrinksHeightFirst(ImageSize source, ImageSize size);

// cv2 takes the mean of 2x2 pixels when both sides halve exactly: (sum + 2) >> 2.
bool OpenCvHalves(ImageSize source, ImageSize size);

}  // namespace segforge
