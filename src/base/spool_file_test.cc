#include "base/spool_file.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/byte_reader.h"

namespace segforge {
namespace {

namespace fs = std::filesystem;

std::string Content(const SpoolFile& spool) {
  std::string text;
  const Status status = spool.CopyTo([&text](std::span<const std::byte> bytes) {
    text += AsText(bytes);
    return Status();
  });
  EXPECT_TRUE(status.ok()) << status.message();
  return text;
}

TEST(SpoolFile, KeepsWhatIsWrittenWithoutAName) {
  const fs::path folder = fs::path(testing::TempDir()) / "spool_file_test";
  fs::create_directories(folder);
  auto spool = SpoolFile::Create(folder);
  ASSERT_TRUE(spool.ok()) << spool.status().message();
  ASSERT_TRUE(spool->Append(AsBytes("hello")).ok());
  ASSERT_TRUE(spool->WriteAt(8, AsBytes("you")).ok());
  ASSERT_TRUE(spool->WriteAt(0, AsBytes("J")).ok());
  ASSERT_TRUE(spool->Append(AsBytes("!")).ok());
  const SpoolFile moved = std::move(*spool);
  EXPECT_EQ(Content(moved), std::string("Jello\0\0\0you!", 12));
  EXPECT_TRUE(fs::is_empty(folder));
}

TEST(SpoolFile, CopiesMoreThanAPiece) {
  auto spool = SpoolFile::Create(testing::TempDir());
  ASSERT_TRUE(spool.ok());
  std::string text(3'000'000, 'x');
  for (size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * i % 251);
  ASSERT_TRUE(spool->Append(AsBytes(text)).ok());
  EXPECT_EQ(Content(*spool), text);
  const Status refused = spool->CopyTo([](std::span<const std::byte>) { return IoError("no"); });
  EXPECT_EQ(refused.message(), "no");
}

TEST(SpoolFile, NeedsAFolder) {
  EXPECT_EQ(SpoolFile::Create(fs::path(testing::TempDir()) / "none").status().code(), StatusCode::kIo);
}

}  // namespace
}  // namespace segforge
