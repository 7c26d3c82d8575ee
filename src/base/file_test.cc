#include "base/file.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/byte_reader.h"

namespace segforge {
namespace {

namespace fs = std::filesystem;

class FileTest : public testing::Test {
 protected:
  FileTest()
      : folder_(fs::path(testing::TempDir()) /
                testing::UnitTest::GetInstance()->current_test_info()->name()) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~FileTest() override { fs::remove_all(folder_); }
  fs::path folder_;
};

TEST_F(FileTest, WritesThenMaps) {
  const fs::path path = folder_ / "a.bin";
  ASSERT_TRUE(WriteFileAtomically(path, AsBytes("hello")).ok());
  const auto file = MappedFile::Open(path);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(AsText(file->bytes()), "hello");
}

TEST_F(FileTest, EmptyFileMapsToNoBytes) {
  const fs::path path = folder_ / "empty";
  std::ofstream(path).close();
  const auto file = MappedFile::Open(path);
  ASSERT_TRUE(file.ok());
  EXPECT_TRUE(file->bytes().empty());
}

TEST_F(FileTest, RefusesFoldersAndMissingFiles) {
  EXPECT_EQ(MappedFile::Open(folder_).status().code(), StatusCode::kInvalidInput);
  EXPECT_EQ(MappedFile::Open(folder_ / "missing").status().code(), StatusCode::kIo);
}

TEST_F(FileTest, FailedWriteLeavesNothingBehind) {
  const fs::path target = folder_ / "taken";
  fs::create_directories(target / "inside");  // renaming a file over a folder fails
  EXPECT_FALSE(WriteFileAtomically(target, AsBytes("x")).ok());
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1);
}

TEST(ByteReader, ChecksEveryRead) {
  ByteReader reader(AsBytes("\x01\x02\x03"));
  EXPECT_EQ(reader.Read<uint16_t>().value(), 0x0201);
  EXPECT_FALSE(reader.Read<uint16_t>().ok());
  EXPECT_EQ(reader.position(), 2u);
  EXPECT_FALSE(reader.Seek(4).ok());
  EXPECT_TRUE(reader.Seek(3).ok());
}

}  // namespace
}  // namespace segforge
