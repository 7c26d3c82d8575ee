#include <cstring>
#include <utility>

#include "image/resample_taps.h"
#include "image/resize_dialects.h"
#include "image/rows.h"

namespace segforge {
namespace {

Image MakeImage(int64_t height, int64_t width) {
  return {height, width, std::vector<uint8_t>(static_cast<size_t>(height * width) * 3)};
}

// source [h, w, 3] -> [h, width, 3]
Image ResampleWidth(const ImageView& source, int64_t width, ThreadPool* pool) {
  const ResampleTaps taps = BilinearTaps(source.width, width);
  Image output = MakeImage(source.height, width);
  const auto row_bytes = static_cast<size_t>(source.width) * 3;
  ForRows(pool, source.height, [&](int64_t begin, int64_t end) {
    std::vector<uint8_t> row(row_bytes + 1);  // the one readable byte that ResampleRow asks for
    for (int64_t y = begin; y < end; ++y) {
      std::memcpy(row.data(), source.data + y * source.stride_bytes, row_bytes);
      ResampleRow(row.data(), taps, output.pixels.data() + y * width * 3);
    }
  });
  return output;
}

// source [h, w, 3] -> [height, w, 3]
Image ResampleHeight(const ImageView& source, int64_t height, ThreadPool* pool) {
  const ResampleTaps taps = BilinearTaps(source.height, height);
  Image output = MakeImage(height, source.width);
  const int64_t row_bytes = source.width * 3;
  ForRows(pool, height, [&](int64_t begin, int64_t end) {
    for (int64_t y = begin; y < end; ++y) {
      const auto i = static_cast<size_t>(y);
      ResampleColumns(source.data + taps.first[i] * source.stride_bytes, source.stride_bytes, row_bytes,
                      taps.WeightsOf(y), taps.count[i], output.pixels.data() + y * row_bytes);
    }
  });
  return output;
}

}  // namespace

bool PillowShrinksHeightFirst(ImageSize source, ImageSize size) {
  const int64_t rows_dropped = source.height - size.height;
  return rows_dropped > 0 && rows_dropped > 2 * (source.width - size.width);
}

Image ResizePillow(const ImageView& source, ImageSize size, ThreadPool* pool) {
  if (size.width == source.width) return ResampleHeight(source, size.height, pool);
  if (size.height == source.height) return ResampleWidth(source, size.width, pool);
  if (PillowShrinksHeightFirst({source.height, source.width}, size))
    return ResampleWidth(ResampleHeight(source, size.height, pool).view(), size.width, pool);
  return ResampleHeight(ResampleWidth(source, size.width, pool).view(), size.height, pool);
}

}  // namespace segforge
