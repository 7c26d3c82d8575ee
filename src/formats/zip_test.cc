#include "formats/zip.h"

#include <gmock/gmock.h>

#include "formats/test_bytes.h"
#include "formats/test_files.h"

namespace segforge {
namespace {

using testing::HasSubstr;
using namespace testing_bytes;

Status StatusOf(const std::string& file) { return ZipArchive::FromBytes(Borrow(file)).status(); }

// The first error of opening the archive or of reading any entry.
Status ReadEverything(const std::string& file) {
  const auto archive = ZipArchive::FromBytes(Borrow(file));
  if (!archive.ok()) return archive.status();
  for (const ZipEntry& entry : archive->entries()) SEGFORGE_RETURN_IF_ERROR(archive->Read(entry).status());
  return Status();
}

class ZipKinds : public testing::TestWithParam<bool> {};

TEST_P(ZipKinds, ReadsStoredAndDeflated) {
  const std::string text(10'000, 'z');
  const std::string file =
      Zip({Stored("b", "hello"), Deflated("a/long", text), Deflated("empty", "")}, GetParam());
  const auto archive = ZipArchive::FromBytes(Borrow(file));
  ASSERT_TRUE(archive.ok()) << archive.status().message();
  ASSERT_EQ(archive->entries().size(), 3u);
  EXPECT_EQ(AsText(archive->Read(*archive->Find("b"))->bytes), "hello");
  EXPECT_EQ(AsText(archive->Read(*archive->Find("a/long"))->bytes), text);
  EXPECT_TRUE(archive->Read(*archive->Find("empty"))->bytes.empty());
  EXPECT_EQ(archive->Find("c"), nullptr);
}
INSTANTIATE_TEST_SUITE_P(All, ZipKinds, testing::Bool(),
                         [](const auto& suite) { return suite.param ? "zip64" : "zip"; });

TEST(Zip, RefusesDamage) {
  ZipMember wrong_crc = Stored("a", "hello");
  wrong_crc.crc ^= 1;
  EXPECT_THAT(ReadEverything(Zip({wrong_crc})).message(), HasSubstr("a: checksum differs"));
  ZipMember short_size = Deflated("a", "hello hello hello");
  --short_size.bytes;
  EXPECT_THAT(ReadEverything(Zip({short_size})).message(), HasSubstr("does not inflate to its 16 bytes"));
  ZipMember long_size = Deflated("a", "hello hello hello");
  ++long_size.bytes;
  EXPECT_THAT(ReadEverything(Zip({long_size})).message(), HasSubstr("does not inflate"));
  ZipMember trailing = Deflated("a", "hello");
  trailing.compressed += "x";
  EXPECT_THAT(ReadEverything(Zip({trailing})).message(), HasSubstr("does not inflate"));
  ZipMember stored_lie = Stored("a", "hello");
  stored_lie.bytes = 4;
  EXPECT_THAT(StatusOf(Zip({stored_lie})).message(), HasSubstr("is stored, but has 5 bytes of 4"));
  ZipMember renamed = Stored("a", "hello");
  renamed.local_name = "b";
  EXPECT_THAT(StatusOf(Zip({renamed})).message(), HasSubstr("is called \"b\""));
}

TEST(Zip, RefusesOverlapsAndDuplicates) {
  EXPECT_THAT(StatusOf(Zip({Stored("a", "1"), Stored("a", "2")})).message(), HasSubstr("\"a\" occurs twice"));
  // The second entry's local header lies in the first one's content.
  ZipMember inner = Stored("b", "x");
  const std::string header = Zip({inner}).substr(0, 32);
  ZipMember outer = Stored("a", header);
  inner.offset = 31;
  EXPECT_THAT(StatusOf(Zip({outer, inner})).message(), HasSubstr("\"a\" and \"b\" overlap"));
}

TEST(Zip, RefusesBombs) {
  ZipMember liar = Deflated("a", "hello");
  liar.bytes = uint64_t{1} << 40;
  EXPECT_THAT(StatusOf(Zip({liar}, true)).message(), HasSubstr("zip bomb"));
  // Honest about their sizes, and within what deflate can do: 300 MiB of zeros in 300 KiB.
  const ZipMember zeros = Deflated("a", std::string(size_t{30} << 20, '\0'));
  std::vector<ZipMember> members(10, zeros);
  for (size_t i = 0; i < members.size(); ++i) members[i].name = members[i].local_name = std::to_string(i);
  EXPECT_THAT(StatusOf(Zip(members)).message(), HasSubstr("zip bomb"));
  members.pop_back();
  members.pop_back();
  EXPECT_TRUE(StatusOf(Zip(members)).ok());
}

TEST(Zip, RefusesWhatItDoesNotDo) {
  ZipMember encrypted = Stored("a", "hello");
  encrypted.flags = 1;
  EXPECT_EQ(StatusOf(Zip({encrypted})).code(), StatusCode::kUnsupported);
  ZipMember lzma = Stored("a", "hello");
  lzma.method = 14;
  EXPECT_THAT(StatusOf(Zip({lzma})).message(), HasSubstr("method 14"));
}

TEST(Zip, EveryTruncationIsAnError) {
  for (const bool zip64 : {false, true}) {
    const std::string file = Zip({Stored("b", "hello"), Deflated("a", "worldworldworld")}, zip64);
    for (size_t length = 0; length < file.size(); ++length)
      EXPECT_FALSE(StatusOf(file.substr(0, length)).ok());
  }
}

TEST(Zip, SurvivesMutations) {
  Mutator mutator(2);
  int refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    const bool zip64 = i % 2 == 0;
    const Status status =
        ReadEverything(mutator.Mutate(Zip({Stored("b", "hello"), Deflated("a", "worldworldworld")}, zip64)));
    if (status.ok()) continue;
    ++refused;
    EXPECT_TRUE(IsOneLine(status.message())) << status.message();
  }
  EXPECT_GT(refused, 5'000);
}

}  // namespace
}  // namespace segforge
