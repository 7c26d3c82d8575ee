#include "image/video_reader.h"

#include <gmock/gmock.h>

#include "image/encode.h"
#include "image/test_video.h"

namespace segforge {
namespace {

using testing::HasSubstr;

class VideoReaderTest : public VideoTest {
 protected:
  // Ten frames, the upper left quarter white.
  void WriteQuarter(const std::string& name) {
    auto writer = VideoWriter::Create(Path(name), InfoOf(48, 64), {}, true);
    ASSERT_TRUE(writer.ok()) << writer.status().message();
    Image image = Plain(48, 64, {0, 0, 0});
    for (size_t y = 0; y < 24; ++y)
      std::fill_n(image.pixels.begin() + static_cast<ptrdiff_t>(y) * 192, 96, 255);
    for (int64_t i = 0; i < 10; ++i) ASSERT_TRUE((*writer)->Write(image.view(), i * 100, 100).ok());
    ASSERT_TRUE((*writer)->Finish().ok());
  }

  std::string OpenError(const std::string& path) const {
    const auto reader = VideoReader::Open(path, nullptr);
    return reader.ok() ? "" : reader.status().message();
  }
};

TEST_F(VideoReaderTest, ReadsEveryFrameWithItsTime) {
  const auto reader = OpenVideo(Put("a.y4m", Y4m(33, 51, "\x10\x50\xf0")));
  ASSERT_NE(reader, nullptr);
  EXPECT_EQ(reader->info().height, 33);
  EXPECT_EQ(reader->info().width, 51);
  EXPECT_FALSE(reader->info().live);
  const auto frames = ReadAllFrames(*reader);
  ASSERT_EQ(frames.size(), 3u);
  for (size_t i = 0; i < 3; ++i)
    EXPECT_DOUBLE_EQ(static_cast<double>(frames[i].time) * av_q2d(reader->info().time_base),
                     static_cast<double>(i) / 10);
  EXPECT_LT(frames[0].image.pixels.back(), frames[1].image.pixels.back());
  EXPECT_LT(frames[1].image.pixels.back(), frames[2].image.pixels.back());
  EXPECT_TRUE(reader->Damage().ok());
}

// Full range 4:2:0 has no headroom: 0 and 255 are black and white, where limited range would clip them.
TEST_F(VideoReaderTest, RangeIsThatOfTheFrames) {
  std::string full = Y4m(32, 32, "\x10");
  full.insert(full.find('\n'), " XCOLORRANGE=FULL");
  std::string limited = Y4m(32, 32, "\x10");
  limited.insert(limited.find('\n'), " XCOLORRANGE=LIMITED");
  const auto level = [&](const std::string& bytes) -> int {
    return ReadAllFrames(*OpenVideo(Put("a.y4m", bytes))).front().image.pixels[0];
  };
  EXPECT_EQ(level(full), 16);
  EXPECT_EQ(level(limited), 0);
}

// A quarter turn clockwise brings the upper left quarter to the upper right.
TEST_F(VideoReaderTest, RotationIsApplied) {
  WriteQuarter("a.mp4");
  std::string bytes = Get("a.mp4");
  constexpr size_t kMatrixAfterName = 44;
  const std::string turn("\0\0\0\0\0\1\0\0\0\0\0\0\xff\xff\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x40\0\0\0",
                         36);
  bytes.replace(bytes.find("tkhd") + kMatrixAfterName, turn.size(), turn);
  const auto reader = OpenVideo(Put("turned.mp4", bytes));
  ASSERT_NE(reader, nullptr);
  EXPECT_EQ(reader->info().height, 64);
  EXPECT_EQ(reader->info().width, 48);
  const Image image = ReadAllFrames(*reader).front().image;
  ASSERT_EQ(image.height, 64);
  const auto red = [&](size_t y, size_t x) { return image.pixels[(y * 48 + x) * 3]; };
  EXPECT_LT(red(8, 8), 10);
  EXPECT_GT(red(8, 40), 245);
  EXPECT_LT(red(56, 40), 10);
}

TEST_F(VideoReaderTest, AMissingEndIsTold) {
  auto writer = VideoWriter::Create(Path("a.mkv"), InfoOf(48, 64), {}, true);
  ASSERT_TRUE(writer.ok());
  for (int64_t i = 0; i < 40; ++i)
    ASSERT_TRUE(
        (*writer)->Write(Plain(48, 64, {static_cast<uint8_t>(i * 6), 0, 99}).view(), i * 1000, 1000).ok());
  ASSERT_TRUE((*writer)->Finish().ok());
  const std::string all = Get("a.mkv");
  const auto reader = OpenVideo(Put("cut.mkv", all.substr(0, all.size() / 2)));
  ASSERT_NE(reader, nullptr);
  const size_t frames = ReadAllFrames(*reader).size();
  EXPECT_GT(frames, 0u);
  EXPECT_LT(frames, 40u);
  EXPECT_THAT(reader->Damage().message(), HasSubstr(fmt::format("breaks off after {} frames", frames)));
  EXPECT_THAT(reader->Damage().message(), HasSubstr("expected 40.0 s"));
}

TEST_F(VideoReaderTest, RefusesWhatIsNoVideo) {
  WriteQuarter("a.mp4");
  EXPECT_THAT(OpenError(Path("gone.mp4")), HasSubstr("No such file"));
  EXPECT_THAT(OpenError(Put("b.mp4", "hello")), HasSubstr("cannot be opened: Invalid data"));
  EXPECT_NE(OpenError(Put("c.mp4", Get("a.mp4").substr(0, 100))), "");
  EXPECT_NE(OpenError(Put("d.y4m", Y4m(30000, 30000, ""))), "");
  EXPECT_THAT(OpenError(Put("e.y4m", Y4m(32, 32, ""))), HasSubstr("no frame"));
  EXPECT_THAT(OpenError("http://127.0.0.1:1/a.mp4"), HasSubstr("Connection refused"));
}

// A playlist may lead anywhere; ours may not.
TEST_F(VideoReaderTest, AFileRefersToNothingElsewhere) {
  const std::string list =
      "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:1/a.ts\n#EXT-X-ENDLIST\n";
  EXPECT_THAT(OpenError(Put("a.m3u8", list)), testing::Not(HasSubstr("Connection refused")));
  EXPECT_NE(OpenError(Path("a.m3u8")), "");
}

TEST_F(VideoReaderTest, StopEndsIt) {
  bool stop = false;
  auto reader = VideoReader::Open(Put("a.y4m", Y4m(32, 32, std::string(100, '\x50'))), [&] { return stop; });
  ASSERT_TRUE(reader.ok());
  stop = true;
  EXPECT_LT(ReadAllFrames(**reader).size(), 50u);
  EXPECT_TRUE((*reader)->Damage().ok());
}

TEST_F(VideoReaderTest, VideosAreToldFromImagesByTheirBytes) {
  WriteQuarter("a.mp4");
  const auto is_video = [](const std::string& source) {
    const auto result = IsVideoSource(source);
    EXPECT_TRUE(result.ok()) << result.status().message();
    return result.ok() && *result;
  };
  EXPECT_TRUE(is_video(Put("a.jpg", Get("a.mp4"))));
  EXPECT_TRUE(is_video(Put("a.y4m", Y4m(32, 32, "\x10"))));
  EXPECT_TRUE(is_video("rtsp://127.0.0.1/street"));
  const auto png = EncodePng(Plain(8, 8, {1, 2, 3}).view());
  EXPECT_FALSE(is_video(Put("b.mp4", std::string(reinterpret_cast<const char*>(png->data()), png->size()))));
  EXPECT_FALSE(is_video(Put("c.mp4", "hello")));
  EXPECT_FALSE(is_video(Put("d.mp4", "")));
  EXPECT_FALSE(is_video(Path("gone.mp4")));
  EXPECT_FALSE(is_video(folder_.string()));
  EXPECT_FALSE(is_video("/dev/null"));
}

}  // namespace
}  // namespace segforge
