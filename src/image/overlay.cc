#include "image/overlay.h"

#include <cmath>

#include "image/rows.h"

namespace segforge {
namespace {

// The colour of every value that a label of this type can have: no label needs a check.
std::vector<Rgb> ColorTable(const Palette& palette, DType dtype) {
  SEGFORGE_CHECK(dtype == DType::kU8 || dtype == DType::kU16);
  return ColorsFor(palette, dtype == DType::kU8 ? 256 : 65536);
}

template <typename Label>
void ColorizeRow(const Label* labels, const Rgb* colors, int64_t width, uint8_t* out) {
  for (int64_t x = 0; x < width; ++x, out += 3) {
    const Rgb color = colors[labels[x]];
    out[0] = color.r;
    out[1] = color.g;
    out[2] = color.b;
  }
}

// row is [width, 3] colours, in 0 .. 255, and becomes the blend.
void BlendRow(const uint8_t* image, int64_t width, int alpha256, uint8_t* row) {
  for (int64_t i = 0; i < width * 3; ++i)
    row[i] = static_cast<uint8_t>((image[i] * (256 - alpha256) + row[i] * alpha256 + 128) >> 8);
}

}  // namespace

Image Colorize(const ConstTensorView& labels, const Palette& palette, ThreadPool* pool) {
  SEGFORGE_CHECK(labels.shape.rank() == 2);
  Image output{labels.shape[0], labels.shape[1], {}};
  const int64_t width = output.width;
  output.pixels.resize(static_cast<size_t>(labels.shape.elems()) * 3);
  const std::vector<Rgb> colors = ColorTable(palette, labels.dtype);
  ForRows(pool, output.height, [&](int64_t begin, int64_t end) {
    for (int64_t y = begin; y < end; ++y) {
      uint8_t* out = output.pixels.data() + y * width * 3;
      if (labels.dtype == DType::kU8) {
        ColorizeRow(labels.as<uint8_t>() + y * width, colors.data(), width, out);
      } else {
        ColorizeRow(labels.as<uint16_t>() + y * width, colors.data(), width, out);
      }
    }
  });
  return output;
}

Image Overlay(const ImageView& image, const ConstTensorView& labels, const Palette& palette, float alpha,
              ThreadPool* pool) {
  SEGFORGE_CHECK(labels.shape == Shape({image.height, image.width}));
  SEGFORGE_CHECK(alpha >= 0 && alpha <= 1);
  const auto alpha256 = static_cast<int>(std::lrint(alpha * 256));
  Image output = Colorize(labels, palette, pool);
  ForRows(pool, image.height, [&](int64_t begin, int64_t end) {
    for (int64_t y = begin; y < end; ++y) {
      BlendRow(image.data + y * image.stride_bytes, image.width, alpha256,
               output.pixels.data() + y * image.width * 3);
    }
  });
  return output;
}

}  // namespace segforge
