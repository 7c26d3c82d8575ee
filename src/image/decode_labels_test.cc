#include "image/decode_labels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "image/encode.h"
#include "image/test_files.h"

namespace segforge {
namespace {

using testing::HasSubstr;

std::vector<std::byte> Stored(const char* name) { return ReadBytes(kTestData / "images" / name); }

template <typename Label>
std::vector<std::byte> Encoded(const std::vector<Label>& labels, int64_t height, int64_t width) {
  auto png = EncodeLabelsPng({labels.data(), kDTypeOf<Label>, Shape{height, width}}, {});
  EXPECT_TRUE(png.ok());
  return *png;
}

TEST(DecodeLabels, GivesTheSamplesOfAnIndexedPngNotItsColours) {
  const std::vector<uint8_t> labels = {0, 11, 255, 3, 4, 200};
  const auto image = DecodeLabels(Encoded(labels, 2, 3));
  ASSERT_TRUE(image.ok()) << image.status().message();
  EXPECT_EQ(image->height, 2);
  EXPECT_EQ(image->width, 3);
  EXPECT_THAT(image->labels, testing::ElementsAreArray(labels));
}

TEST(DecodeLabels, GivesSixteenBitGreyWhole) {
  const std::vector<uint16_t> labels = {0, 256, 65535, 0x1234};
  const auto image = DecodeLabels(Encoded(labels, 1, 4));
  ASSERT_TRUE(image.ok()) << image.status().message();
  EXPECT_EQ(image->labels, labels);
}

// Where a grey PNG of few bits is shown, its samples are stretched to 0..255; as labels they are not.
TEST(DecodeLabels, FewBitsAreNotStretched) {
  for (const auto& [name, bits] : {std::pair{"gray1.png", 1}, {"gray2.png", 2}, {"gray4.png", 4}}) {
    SCOPED_TRACE(name);
    const auto image = DecodeLabels(Stored(name));
    ASSERT_TRUE(image.ok()) << image.status().message();
    const Image shown = ReadPpm(kTestData / "images" / (std::string(name) + ".ppm"));
    const int step = 255 / ((1 << bits) - 1);
    ASSERT_EQ(image->labels.size() * 3, shown.pixels.size());
    for (size_t i = 0; i < image->labels.size(); ++i)
      ASSERT_EQ(image->labels[i] * step, shown.pixels[i * 3]) << i;
  }
}

TEST(DecodeLabels, InterlacedPackedSamplesAreRead) {
  const auto interlaced = DecodeLabels(Stored("gray1_interlaced.png"));
  ASSERT_TRUE(interlaced.ok()) << interlaced.status().message();
  const Image shown = ReadPpm(kTestData / "images/gray1_interlaced.png.ppm");
  for (size_t i = 0; i < interlaced->labels.size(); ++i)
    ASSERT_EQ(interlaced->labels[i] * 255, shown.pixels[i * 3]) << i;
}

TEST(DecodeLabels, ColoursAndOtherFilesAreRefused) {
  EXPECT_THAT(DecodeLabels(Stored("rgb8.png")).status().message(), HasSubstr("grey or indexed PNG"));
  EXPECT_THAT(DecodeLabels(Stored("rgb8.png")).status().message(), HasSubstr("got RGB"));
  EXPECT_THAT(DecodeLabels(Stored("gray_alpha8.png")).status().message(), HasSubstr("got grey with alpha"));
  EXPECT_THAT(DecodeLabels(Stored("gray.jpg")).status().message(), HasSubstr("expected a PNG"));
  EXPECT_FALSE(DecodeLabels({}).ok());
}

TEST(DecodeLabels, TruncatedFilesAreErrors) {
  const std::vector<std::byte> whole = Encoded(std::vector<uint8_t>(400, 7), 20, 20);
  ASSERT_TRUE(DecodeLabels(whole).ok());
  for (size_t bytes = 0; bytes + 4 < whole.size(); ++bytes)  // the last checksum alone is not missed
    EXPECT_FALSE(DecodeLabels(std::span(whole).first(bytes)).ok()) << bytes;
}

TEST(DecodeLabels, LimitsAndNamesOfFiles) {
  EXPECT_EQ(DecodeLabels(Encoded(std::vector<uint8_t>(400, 7), 20, 20), {.max_pixels = 399}).status().code(),
            StatusCode::kUnsupported);
  EXPECT_THAT(ReadLabels("/no/such.png").status().message(), HasSubstr("/no/such.png"));
  EXPECT_THAT(ReadLabels(kTestData / "images/rgb8.png").status().message(), HasSubstr("rgb8.png: labels"));
}

}  // namespace
}  // namespace segforge
