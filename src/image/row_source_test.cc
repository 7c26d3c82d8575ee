#include "image/row_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "image/test_files.h"

namespace segforge {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> StoredImages() {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(kTestData / "images")) {
    if (entry.path().extension() == ".ppm") paths.push_back(fs::path(entry.path()).replace_extension());
  }
  EXPECT_EQ(paths.size(), 41u);
  return paths;
}

// All rows, 1 to 7 at a time.
Result<Image> ReadAllRows(RowSource& rows) {
  Image image = {rows.height(), rows.width(), {}};
  image.pixels.resize(static_cast<size_t>(image.height * image.width) * 3);
  int64_t count = 1;
  for (int64_t y = 0; y < image.height; y += count) {
    count = std::min(y % 7 + 1, image.height - y);
    SEGFORGE_RETURN_IF_ERROR(rows.Read(count, image.pixels.data() + y * image.width * 3));
  }
  return image;
}

Result<Image> ByRows(std::span<const std::byte> bytes) {
  auto rows = OpenRows(bytes);
  if (!rows.ok()) return rows.status();
  return ReadAllRows(**rows);
}

TEST(RowSource, GivesThePixelsOfTheWholeImage) {
  for (const fs::path& path : StoredImages()) {
    SCOPED_TRACE(path);
    const auto expected = ReadImage(path);
    ASSERT_TRUE(expected.ok());
    auto file = OpenRows(path);
    ASSERT_TRUE(file.ok()) << file.status().message();
    const auto from_file = ReadAllRows(**file);
    ASSERT_TRUE(from_file.ok()) << from_file.status().message();
    EXPECT_EQ(MaxDifference(*from_file, *expected), 0);
    const auto from_memory = ByRows(ReadBytes(path));
    ASSERT_TRUE(from_memory.ok()) << from_memory.status().message();
    EXPECT_EQ(MaxDifference(*from_memory, *expected), 0);
  }
}

TEST(RowSource, TruncatedFilesAreErrors) {
  for (const fs::path& path : StoredImages()) {
    SCOPED_TRACE(path);
    const std::vector<std::byte> bytes = ReadBytes(path);
    for (size_t kept = 0; kept + 4 < bytes.size(); kept += 1 + bytes.size() / 29) {
      EXPECT_FALSE(ByRows(std::span(bytes).first(kept)).ok()) << kept;
    }
  }
}

TEST(RowSource, CountsTheCoefficientsOfSeveralScans) {
  const auto one = OpenRows(kTestData / "images" / "444.jpg");
  const auto several = OpenRows(kTestData / "images" / "progressive.jpg");
  ASSERT_TRUE(one.ok() && several.ok());
  EXPECT_EQ((*one)->held_bytes(), 0);
  EXPECT_GE((*several)->held_bytes(), (*several)->height() * (*several)->width() * 2);  // 16 bits each
}

TEST(RowSource, HoldsRowsAlone) {
  const auto held = [](const char* name) {
    const auto rows = OpenRows(kTestData / "images" / name);
    EXPECT_TRUE(rows.ok()) << name;
    return (*rows)->held_bytes() < (*rows)->height() * (*rows)->width() * 3;
  };
  for (const char* name : {"rgb8.png", "gray16.png", "indexed4.png", "444.jpg", "orientation1.jpg"})
    EXPECT_TRUE(held(name)) << name;
  for (const char* name : {"indexed4_interlaced.png", "orientation6.jpg", "lossy.webp"})
    EXPECT_FALSE(held(name)) << name;
}

void AppendBigEndian(std::vector<std::byte>& bytes, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<std::byte>(value >> shift));
}

TEST(RowSource, AnOrientationAfterThePixelsIsSeenBefore) {
  std::vector<std::byte> png = ReadBytes(kTestData / "images" / "rgb8.png");
  constexpr size_t kEndChunk = 12;
  const std::vector<std::byte> end(png.end() - kEndChunk, png.end());
  png.resize(png.size() - kEndChunk);
  // TIFF, big-endian, one entry: orientation (0x112), SHORT, one value, 3.
  const std::string exif("eXIfMM\0*\0\0\0\10\0\1\1\22\0\3\0\0\0\1\0\3\0\0\0\0\0\0", 30);
  AppendBigEndian(png, static_cast<uint32_t>(exif.size() - 4));
  uint32_t crc = ~0u;
  for (const char c : exif) {
    png.push_back(static_cast<std::byte>(c));
    crc ^= static_cast<uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
  }
  AppendBigEndian(png, ~crc);
  png.insert(png.end(), end.begin(), end.end());
  const auto expected = DecodeImage(png);
  const auto upright = ReadImage(kTestData / "images" / "rgb8.png");
  ASSERT_TRUE(expected.ok() && upright.ok());
  ASSERT_GT(MaxDifference(*expected, *upright), 0);  // turned by 180 degrees
  const auto rows = ByRows(png);
  ASSERT_TRUE(rows.ok()) << rows.status().message();
  EXPECT_EQ(MaxDifference(*rows, *expected), 0);
}

TEST(RowSource, NamesTheFileAndHonoursTheLimit) {
  const fs::path missing = kTestData / "images" / "missing.png";
  EXPECT_THAT(OpenRows(missing).status().message(), testing::HasSubstr("missing.png"));
  EXPECT_EQ(OpenRows(kTestData).status().code(), StatusCode::kInvalidInput);
  const fs::path png = kTestData / "images" / "rgb8.png";  // 29x21
  EXPECT_TRUE(OpenRows(png, {.max_pixels = 29 * 21}).ok());
  EXPECT_THAT(OpenRows(png, {.max_pixels = 29 * 21 - 1}).status().message(), testing::HasSubstr("29x21"));
}

}  // namespace
}  // namespace segforge
