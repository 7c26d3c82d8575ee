#include "image/resize_dialects.h"

namespace segforge {

Image Resize(const ImageView& source, ImageSize size, Resample resample, ThreadPool* pool) {
  SEGFORGE_CHECK(source.height >= 1 && source.width >= 1 && size.height >= 1 && size.width >= 1);
  if (size != ImageSize{source.height, source.width}) {
    return resample == Resample::kPillow ? ResizePillow(source, size, pool)
                                         : ResizeOpenCv(source, size, pool);
  }
  Image copy{size.height, size.width, {}};
  copy.pixels.reserve(static_cast<size_t>(size.height * size.width) * 3);
  for (int64_t y = 0; y < source.height; ++y) {
    const uint8_t* row = source.data + y * source.stride_bytes;
    copy.pixels.insert(copy.pixels.end(), row, row + source.width * 3);
  }
  return copy;
}

}  // namespace segforge
