// What this room's tests read: stored files and PPM pictures.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "image/image.h"

namespace segforge {

inline const std::filesystem::path kTestData = std::filesystem::path(SEGFORGE_SOURCE_DIR) / "tests/data";

inline std::vector<std::byte> ReadBytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.good()) << path;
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

// Binary PPM with 8-bit samples, as Pillow writes it.
inline Image ReadPpm(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string magic;
  Image image;
  int64_t top = 0;
  file >> magic >> image.width >> image.height >> top;
  file.get();
  EXPECT_TRUE(file.good() && magic == "P6" && top == 255) << path;
  image.pixels.resize(static_cast<size_t>(image.width * image.height) * 3);
  file.read(reinterpret_cast<char*>(image.pixels.data()), static_cast<std::streamsize>(image.pixels.size()));
  EXPECT_TRUE(file.good()) << path;
  return image;
}

inline int MaxDifference(const Image& a, const Image& b) {
  EXPECT_EQ(a.height, b.height);
  EXPECT_EQ(a.width, b.width);
  if (a.pixels.size() != b.pixels.size()) return 256;
  int most = 0;
  for (size_t i = 0; i < a.pixels.size(); ++i) most = std::max(most, std::abs(a.pixels[i] - b.pixels[i]));
  return most;
}

}  // namespace segforge
