#include <gtest/gtest.h>

#include <charconv>

#include "image/preprocess.h"
#include "image/test_files.h"

namespace segforge {
namespace {

namespace fs = std::filesystem;

struct StoredResize {
  fs::path source, expected;
  Resample resample = Resample::kPillow;
};

// tests/data/resize holds SOURCE.ppm and SOURCE.DIALECT.HxW.ppm.
std::vector<StoredResize> StoredResizes() {
  std::vector<StoredResize> cases;
  for (const auto& entry : fs::directory_iterator(kTestData / "resize")) {
    const std::string name = entry.path().filename().string();
    const size_t dialect =
        name.find("pillow") != std::string::npos ? name.find("pillow") : name.find("opencv");
    if (dialect == std::string::npos) continue;
    cases.push_back({entry.path().parent_path() / (name.substr(0, dialect) + "ppm"), entry.path(),
                     name[dialect] == 'p' ? Resample::kPillow : Resample::kOpenCv});
  }
  EXPECT_EQ(cases.size(), 46u);
  return cases;
}

TEST(Resize, EqualsPillowAndOpenCvExactly) {
  ThreadPool pool(3);
  for (const StoredResize& stored : StoredResizes()) {
    SCOPED_TRACE(stored.expected);
    const Image source = ReadPpm(stored.source);
    const Image expected = ReadPpm(stored.expected);
    const ImageSize size = {expected.height, expected.width};
    EXPECT_EQ(Resize(source.view(), size, stored.resample).pixels, expected.pixels);
    EXPECT_EQ(Resize(source.view(), size, stored.resample, &pool).pixels, expected.pixels);
  }
}

TEST(Resize, ReadsOnlyTheViewOfAWiderImage) {
  const Image whole = ReadPpm(kTestData / "resize" / "48x64.ppm");
  const ImageView part = {whole.pixels.data() + 5 * 64 * 3 + 9, 40, 50, 64 * 3};
  Image copy{40, 50, {}};
  for (int64_t y = 0; y < 40; ++y) {
    const uint8_t* row = part.data + y * part.stride_bytes;
    copy.pixels.insert(copy.pixels.end(), row, row + 50 * 3);
  }
  for (const Resample resample : {Resample::kPillow, Resample::kOpenCv}) {
    for (const ImageSize size : {ImageSize{20, 25}, ImageSize{33, 71}, ImageSize{40, 50}})
      EXPECT_EQ(Resize(part, size, resample).pixels, Resize(copy.view(), size, resample).pixels);
  }
}

}  // namespace
}  // namespace segforge
