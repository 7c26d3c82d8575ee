#include "engine/timing_cache.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "base/file.h"

namespace segforge {
namespace {

namespace fs = std::filesystem;

class TimingCacheTest : public testing::Test {
 protected:
  TimingCacheTest() : folder_(fs::temp_directory_path() / fmt::format("segforge-timings-{}", getpid())) {
    fs::create_directories(folder_);
  }
  ~TimingCacheTest() override { fs::remove_all(folder_); }

  fs::path Holding(const std::string& text) const {
    const fs::path file = folder_ / "damaged.json";
    EXPECT_TRUE(WriteFileAtomically(file, std::as_bytes(std::span(text))).ok());
    return file;
  }

  fs::path folder_;
};

TEST_F(TimingCacheTest, KeepsWhatEachMachineFound) {
  const fs::path file = folder_ / "new folder" / "timings.json";
  TimingCache one("one");
  one.Add("gemm [1, 2]", "wgmma 128x64 split 2");
  one.Add("gemm [3, 4]", "");
  ASSERT_TRUE(one.Write(file).ok());
  TimingCache two("two");
  two.Add("gemm [1, 2]", "mma 64x64");
  ASSERT_TRUE(two.Write(file).ok());

  const auto read = TimingCache::Read(file, "one");
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(read->size(), 2U);
  EXPECT_EQ(*read->Find("gemm [1, 2]"), "wgmma 128x64 split 2");
  EXPECT_EQ(*read->Find("gemm [3, 4]"), "");
  EXPECT_EQ(read->Find("gemm [5, 6]"), nullptr);
  EXPECT_EQ(*TimingCache::Read(file, "two")->Find("gemm [1, 2]"), "mma 64x64");
  EXPECT_EQ(TimingCache::Read(file, "three")->size(), 0U);
}

TEST_F(TimingCacheTest, NoFileIsAnEmptyCache) {
  const auto read = TimingCache::Read(folder_ / "none.json", "one");
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->size(), 0U);
}

TEST_F(TimingCacheTest, RefusesWhatIsDamagedOrSomethingElse) {
  for (const std::string text :
       {"", "{", "[]", "{}", R"({"format": "segforge timings 2", "machines": {}})",
        R"({"format": "segforge timings 1"})", R"({"format": "segforge timings 1", "machines": []})",
        R"({"format": "segforge timings 1", "machines": {"one": []}})",
        R"({"format": "segforge timings 1", "machines": {"one": {"key": 3}}})"}) {
    const fs::path file = Holding(text);
    const auto read = TimingCache::Read(file, "one");
    ASSERT_FALSE(read.ok()) << text;
    EXPECT_EQ(read.status().code(), StatusCode::kInvalidInput) << text;
    EXPECT_TRUE(read.status().message().starts_with(file.string())) << read.status().message();
  }
}

TEST_F(TimingCacheTest, ReplacesWhatItCannotRead) {
  const fs::path file = Holding("{");
  TimingCache cache("one");
  cache.Add("key", "tactic");
  ASSERT_TRUE(cache.Write(file).ok());
  EXPECT_EQ(*TimingCache::Read(file, "one")->Find("key"), "tactic");
}

}  // namespace
}  // namespace segforge
