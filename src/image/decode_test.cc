#include "image/decode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "base/byte_reader.h"
#include "image/test_files.h"

namespace segforge {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// Every stored image; its expected pixels lie beside it as NAME.ppm.
std::vector<fs::path> StoredImages() {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(kTestData / "images")) {
    if (entry.path().extension() == ".ppm") paths.push_back(fs::path(entry.path()).replace_extension());
  }
  EXPECT_EQ(paths.size(), 41u);
  return paths;
}

void ExpectOneLine(const Status& status) {
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(status.message(), AllOf(Not(testing::IsEmpty()), Not(HasSubstr("\n"))));
}

// Damaged input gives a picture or a one-line error; what it must not do is crash.
void ExpectPictureOrError(std::span<const std::byte> bytes) {
  const auto image = DecodeImage(bytes, {.max_pixels = 1 << 20});
  if (!image.ok()) return ExpectOneLine(image.status());
  EXPECT_EQ(image->pixels.size(), static_cast<size_t>(image->height * image->width) * 3);
}

std::vector<std::byte> Stored(const char* name) { return ReadBytes(kTestData / "images" / name); }

void PutBigEndian(std::vector<std::byte>& bytes, size_t offset, uint32_t value) {
  for (size_t i = 0; i < 4; ++i) bytes[offset + i] = static_cast<std::byte>(value >> (24 - 8 * i));
}

// The checksum of the IHDR chunk, so that a lie in it is believed.
void SealPngHeader(std::vector<std::byte>& png) {
  uint32_t crc = ~0u;
  for (size_t i = 12; i < 29; ++i) {
    crc ^= static_cast<uint32_t>(png[i]);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
  }
  PutBigEndian(png, 29, ~crc);
}

TEST(Decode, MatchesPillow) {
  for (const fs::path& path : StoredImages()) {
    SCOPED_TRACE(path);
    const auto image = ReadImage(path);
    ASSERT_TRUE(image.ok()) << image.status().message();
    // Versions of libjpeg differ in the last bits; every other format leaves no choice.
    const int allowed = path.extension() == ".jpg" ? 2 : 0;
    EXPECT_LE(MaxDifference(*image, ReadPpm(path.string() + ".ppm")), allowed);
  }
}

// The last four bytes of a PNG are the checksum of its end marker: libspng does not miss them, nor do the
// pixels.
TEST(Decode, TruncatedFilesAreErrors) {
  for (const fs::path& path : StoredImages()) {
    SCOPED_TRACE(path);
    const std::vector<std::byte> bytes = ReadBytes(path);
    const size_t needed = bytes.size() - (path.extension() == ".png" ? 4 : 0);
    for (size_t kept = 0; kept < needed; kept += 1 + bytes.size() / 97) {
      SCOPED_TRACE(kept);
      ExpectOneLine(DecodeImage(std::span(bytes).first(kept)).status());
    }
    ExpectOneLine(DecodeImage(std::span(bytes).first(needed - 1)).status());
  }
}

TEST(Decode, SurvivesBitFlips) {
  std::mt19937 random(7);
  for (const fs::path& path : StoredImages()) {
    SCOPED_TRACE(path);
    const std::vector<std::byte> bytes = ReadBytes(path);
    for (int trial = 0; trial < 60; ++trial) {
      std::vector<std::byte> damaged = bytes;
      for (int flip = 0; flip <= trial % 4; ++flip)
        damaged[random() % damaged.size()] ^= static_cast<std::byte>(1u << random() % 8);
      ExpectPictureOrError(damaged);
    }
  }
}

TEST(Decode, RefusesWhatIsNoImage) {
  EXPECT_EQ(DecodeImage({}).status().message(), "empty file");
  EXPECT_THAT(DecodeImage(AsBytes("hello, world")).status().message(), HasSubstr("not an image"));
  const auto gif = DecodeImage(AsBytes("GIF89a....")).status();
  EXPECT_EQ(gif.code(), StatusCode::kUnsupported);
  EXPECT_THAT(gif.message(), HasSubstr("GIF"));
}

TEST(Decode, NamesTheFile) {
  const fs::path missing = kTestData / "images" / "missing.png";
  EXPECT_THAT(ReadImage(missing).status().message(), HasSubstr("missing.png"));
}

TEST(Decode, RefusesSizesBeforeAllocating) {
  struct Lie {
    uint32_t width, height;
    StatusCode code;
  };
  for (const auto& [width, height, code] :
       {Lie{65535, 65535, StatusCode::kUnsupported}, Lie{30000, 30000, StatusCode::kUnsupported},
        Lie{0x7FFFFFFF, 0x7FFFFFFF, StatusCode::kInvalidInput}, Lie{0x80000000, 1, StatusCode::kInvalidInput},
        Lie{0, 21, StatusCode::kInvalidInput}}) {
    SCOPED_TRACE(testing::Message() << width << "x" << height);
    std::vector<std::byte> png = Stored("rgb8.png");
    PutBigEndian(png, 16, width);
    PutBigEndian(png, 20, height);
    SealPngHeader(png);
    const Status status = DecodeImage(png).status();
    ExpectOneLine(status);
    EXPECT_EQ(status.code(), code) << status.message();
  }
}

TEST(Decode, RefusesALyingSizeWithinTheLimit) {
  std::vector<std::byte> png = Stored("rgb8.png");
  PutBigEndian(png, 20, 4000);
  SealPngHeader(png);
  ExpectOneLine(DecodeImage(png).status());
}

TEST(Decode, HonoursTheLimit) {
  const std::vector<std::byte> png = Stored("rgb8.png");  // 29x21
  EXPECT_TRUE(DecodeImage(png, {.max_pixels = 29 * 21}).ok());
  EXPECT_THAT(DecodeImage(png, {.max_pixels = 29 * 21 - 1}).status().message(), HasSubstr("29x21"));
}

TEST(Decode, RefusesOtherJpegPrecisions) {
  std::vector<std::byte> jpeg = Stored("444.jpg");
  const std::array<std::byte, 2> start_of_frame = {std::byte{0xFF}, std::byte{0xC0}};
  const auto frame = std::search(jpeg.begin(), jpeg.end(), start_of_frame.begin(), start_of_frame.end());
  ASSERT_NE(frame, jpeg.end());
  frame[4] = std::byte{12};
  const Status status = DecodeImage(jpeg).status();
  EXPECT_EQ(status.code(), StatusCode::kUnsupported) << status.message();
  EXPECT_THAT(status.message(), HasSubstr("12"));
}

TEST(Decode, RefusesAnimations) {
  const Status status = DecodeImage(Stored("animated.webp")).status();
  EXPECT_EQ(status.code(), StatusCode::kUnsupported);
  EXPECT_THAT(status.message(), HasSubstr("animation"));
}

}  // namespace
}  // namespace segforge
