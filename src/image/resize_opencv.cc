#include <array>
#include <vector>

#include "image/linear_taps.h"
#include "image/resize_dialects.h"
#include "image/rows.h"

namespace segforge {
namespace {

// source [w, 3] u8 -> output [W, 3] in 1/128: cv2 keeps 1/2048 here but never reads the low four bits.
void InterpolateRow(const uint8_t* source, const LinearTaps& taps, int16_t* output) {
  for (size_t x = 0; x < taps.first.size(); ++x) {
    const uint8_t* a = source + taps.first[x] * 3;
    const uint8_t* b = source + taps.second[x] * 3;
    for (int c = 0; c < 3; ++c) {
      output[x * 3 + static_cast<size_t>(c)] =
          static_cast<int16_t>((a[c] * taps.first_weight[x] + b[c] * taps.second_weight[x]) >> 4);
    }
  }
}

void BlendRows(const int16_t* a, int16_t a_weight, const int16_t* b, int16_t b_weight, size_t count,
               uint8_t* output) {
  for (size_t i = 0; i < count; ++i) {
    const auto high = static_cast<int16_t>(((a[i] * a_weight) >> 16) + ((b[i] * b_weight) >> 16));
    output[i] = static_cast<uint8_t>((high + 2) >> 2);
  }
}

void ResizeRows(const ImageView& source, const LinearTaps& columns, const LinearTaps& rows, int64_t begin,
                int64_t end, Image& output) {
  const auto count = static_cast<size_t>(output.width) * 3;
  // The two interpolated source rows last used; the next output row mostly shares one or both.
  std::array<std::vector<int16_t>, 2> cache = {std::vector<int16_t>(count), std::vector<int16_t>(count)};
  std::array<int64_t, 2> cached = {-1, -1};
  const auto row_of = [&](int64_t y) {
    const auto slot = static_cast<size_t>(y & 1);  // neighbours never share a slot
    if (cached[slot] != y) InterpolateRow(source.data + y * source.stride_bytes, columns, cache[slot].data());
    cached[slot] = y;
    return cache[slot].data();
  };
  for (int64_t y = begin; y < end; ++y) {
    const auto i = static_cast<size_t>(y);
    const int16_t* first = row_of(rows.first[i]);
    const int16_t* second = row_of(rows.second[i]);
    BlendRows(first, rows.first_weight[i], second, rows.second_weight[i], count,
              output.pixels.data() + i * count);
  }
}

void HalveRows(const ImageView& source, int64_t begin, int64_t end, Image& output) {
  for (int64_t y = begin; y < end; ++y) {
    const uint8_t* top = source.data + 2 * y * source.stride_bytes;
    const uint8_t* bottom = top + source.stride_bytes;
    uint8_t* out = output.pixels.data() + y * output.width * 3;
    for (int64_t x = 0; x < output.width; ++x, top += 6, bottom += 6, out += 3) {
      for (int c = 0; c < 3; ++c)
        out[c] = static_cast<uint8_t>((top[c] + top[c + 3] + bottom[c] + bottom[c + 3] + 2) >> 2);
    }
  }
}

}  // namespace

bool OpenCvHalves(ImageSize source, ImageSize size) {
  return source.height == 2 * size.height && source.width == 2 * size.width;
}

Image ResizeOpenCv(const ImageView& source, ImageSize size, ThreadPool* pool) {
  Image output{size.height, size.width,
               std::vector<uint8_t>(static_cast<size_t>(size.height * size.width) * 3)};
  if (OpenCvHalves({source.height, source.width}, size)) {
    ForRows(pool, size.height, [&](int64_t begin, int64_t end) { HalveRows(source, begin, end, output); });
    return output;
  }
  const LinearTaps columns = MakeLinearTaps(source.width, size.width, Border::kOnePixel);
  const LinearTaps rows = MakeLinearTaps(source.height, size.height, Border::kTwiceTheRow);
  ForRows(pool, size.height,
          [&](int64_t begin, int64_t end) { ResizeRows(source, columns, rows, begin, end, output); });
  return output;
}

}  // namespace segforge
