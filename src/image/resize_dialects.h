// The two resampling dialects behind Resize(); inside this room only.
#pragma once

#include "image/preprocess.h"

namespace segforge {

// Sizes are at least 1x1, and size is not the source's own.
Image ResizePillow(const ImageView& source, ImageSize size, ThreadPool* pool);
Image ResizeOpenCv(const ImageView& source, ImageSize size, ThreadPool* pool);

}  // namespace segforge
