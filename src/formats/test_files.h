// For tests: stored data and the optional shared folder.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace segforge {

inline std::string ReadStored(const std::string& name) {  // a file of tests/data/formats
  std::ifstream file(std::filesystem::path(SEGFORGE_SOURCE_DIR) / "tests/data/formats" / name,
                     std::ios::binary);
  EXPECT_TRUE(file.good()) << name;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

inline std::filesystem::path SharedFolder() {
  const char* set = std::getenv("SEGFORGE_SHARED");
  return set != nullptr ? set : std::filesystem::path(SEGFORGE_SOURCE_DIR) / "../shared";
}

// True for a message that fits the rules: not empty, one line, no full stop.
inline bool IsOneLine(const std::string& message) {
  return !message.empty() && message.find('\n') == std::string::npos && message.back() != '.';
}

}  // namespace segforge
