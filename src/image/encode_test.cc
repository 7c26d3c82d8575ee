#include "image/encode.h"

#include <gtest/gtest.h>

#include "base/byte_reader.h"
#include "image/decode.h"
#include "image/overlay.h"

namespace segforge {
namespace {

template <typename Label>
Tensor MakeLabels(int64_t height, int64_t width, int classes) {
  Tensor labels(kDTypeOf<Label>, Shape{height, width});
  size_t i = 0;
  for (Label& label : labels.span<Label>())
    label = static_cast<Label>(i++ * 7 % static_cast<size_t>(classes));
  return labels;
}

// The IHDR chunk's bit depth and colour type.
std::pair<int, int> KindOf(std::span<const std::byte> png) {
  return {static_cast<int>(png[24]), static_cast<int>(png[25])};
}

TEST(EncodeLabels, DecodesToTheColours) {
  const Palette palette = *NamedPalette("cityscapes");
  for (const auto& [height, width] : {std::pair{1, 1}, {33, 47}, {64, 200}}) {
    const Tensor labels = MakeLabels<uint8_t>(height, width, 19);
    const auto png = EncodeLabelsPng(labels.view(), palette);
    ASSERT_TRUE(png.ok()) << png.status().message();
    EXPECT_EQ(KindOf(*png), (std::pair{8, 3}));
    const auto decoded = DecodeImage(*png);
    ASSERT_TRUE(decoded.ok()) << decoded.status().message();
    EXPECT_EQ(decoded->pixels, Colorize(labels.view(), palette).pixels);
  }
}

TEST(EncodeLabels, LabelsPastThePaletteStayValid) {
  const Tensor labels = MakeLabels<uint8_t>(20, 20, 256);
  const auto png = EncodeLabelsPng(labels.view(), {{{1, 2, 3}}, {}});
  ASSERT_TRUE(png.ok());
  const auto decoded = DecodeImage(*png);
  ASSERT_TRUE(decoded.ok()) << decoded.status().message();
  EXPECT_EQ(decoded->pixels, Colorize(labels.view(), {{{1, 2, 3}}, {}}).pixels);
}

TEST(EncodeLabels, WideLabelsAreSixteenBitGrey) {
  const Tensor labels = MakeLabels<uint16_t>(30, 40, 60'000);
  const auto png = EncodeLabelsPng(labels.view(), {});
  ASSERT_TRUE(png.ok()) << png.status().message();
  EXPECT_EQ(KindOf(*png), (std::pair{16, 0}));
  const auto decoded = DecodeImage(*png);  // keeps the high bytes
  ASSERT_TRUE(decoded.ok());
  for (size_t i = 0; i < 30 * 40; ++i) EXPECT_EQ(decoded->pixels[i * 3], labels.span<uint16_t>()[i] >> 8);
}

TEST(EncodePng, GivesThePixelsBack) {
  std::vector<uint8_t> bytes(23 * 100);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i * i % 251);
  const ImageView image = {bytes.data(), 23, 31, 100};  // 7 bytes of padding a row
  const auto png = EncodePng(image);
  ASSERT_TRUE(png.ok()) << png.status().message();
  const auto decoded = DecodeImage(*png);
  ASSERT_TRUE(decoded.ok()) << decoded.status().message();
  for (size_t y = 0; y < 23; ++y)
    EXPECT_TRUE(std::equal(&bytes[y * 100], &bytes[y * 100 + 93], &decoded->pixels[y * 93])) << y;
}

TEST(Overlay, BlendsByAlpha) {
  const std::vector<uint8_t> pixels = {100, 200, 0, 9, 9, 9, 50, 60, 70, 9, 9, 9};  // a stride of two pixels
  const ImageView image = {pixels.data(), 2, 1, 6};
  const Tensor labels = Tensor::From<uint8_t>(Shape{2, 1}, std::vector<uint8_t>{0, 1});
  const Palette palette = {{{200, 0, 255}, {0, 0, 0}}, {}};
  EXPECT_EQ(Overlay(image, labels.view(), palette, 0).pixels,
            (std::vector<uint8_t>{100, 200, 0, 50, 60, 70}));
  EXPECT_EQ(Overlay(image, labels.view(), palette, 1).pixels, (std::vector<uint8_t>{200, 0, 255, 0, 0, 0}));
  EXPECT_EQ(Overlay(image, labels.view(), palette, 0.5f).pixels,
            (std::vector<uint8_t>{150, 100, 128, 25, 30, 35}));
  ThreadPool pool(2);
  EXPECT_EQ(Overlay(image, labels.view(), palette, 0.5f, &pool).pixels,
            Overlay(image, labels.view(), palette, 0.5f).pixels);
}

}  // namespace
}  // namespace segforge
