#include "image/video_writer.h"

#include <gmock/gmock.h>

#include "image/test_video.h"

namespace segforge {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class VideoWriterTest : public VideoTest {
 protected:
  std::unique_ptr<VideoWriter> Create(const std::string& name, const VideoInfo& info) {
    auto writer = VideoWriter::Create(Path(name), info, {}, true);
    EXPECT_TRUE(writer.ok()) << writer.status().message();
    return writer.ok() ? std::move(writer).value() : nullptr;
  }

  // Frames of one colour at these times, in milliseconds.
  void WriteVideo(const std::string& name, const VideoInfo& info, const std::vector<int64_t>& times,
                  std::array<uint8_t, 3> rgb = {200, 60, 20}) {
    const auto writer = Create(name, info);
    ASSERT_NE(writer, nullptr);
    const Image image = Plain(info.height, info.width, rgb);
    for (const int64_t time : times) ASSERT_TRUE(writer->Write(image.view(), time, 40).ok());
    const Status finished = writer->Finish();
    ASSERT_TRUE(finished.ok()) << finished.message();
  }
};

std::vector<int64_t> MillisecondsOf(const VideoReader& reader, const std::vector<VideoFrame>& frames) {
  std::vector<int64_t> times;
  for (const VideoFrame& frame : frames)
    times.push_back(ffmpeg::Api().av_rescale_q(frame.time, reader.info().time_base, {1, 1000}));
  return times;
}

TEST_F(VideoWriterTest, EachContainerKeepsUnevenTimes) {
  for (const std::string name : {"a.mp4", "a.mov", "a.mkv", "a.webm"}) {
    SCOPED_TRACE(name);
    WriteVideo(name, InfoOf(48, 64), {0, 40, 47, 180, 1000});
    const auto reader = OpenVideo(Path(name));
    ASSERT_NE(reader, nullptr);
    const auto frames = ReadAllFrames(*reader);
    EXPECT_THAT(MillisecondsOf(*reader, frames), ElementsAre(0, 40, 47, 180, 1000));
    EXPECT_TRUE(reader->Damage().ok()) << reader->Damage().message();
    EXPECT_EQ(frames.front().image.height, 48);
    EXPECT_EQ(frames.front().image.width, 64);
  }
}

TEST_F(VideoWriterTest, ColoursComeBackInBothMatrices) {
  for (const AVColorSpace matrix : {AVCOL_SPC_BT709, AVCOL_SPC_SMPTE170M}) {
    for (const std::array<uint8_t, 3> rgb :
         {std::array<uint8_t, 3>{200, 60, 20}, {0, 0, 0}, {255, 255, 255}}) {
      VideoInfo info = InfoOf(64, 64);
      info.matrix = matrix;
      WriteVideo("a.mp4", info, {0}, rgb);
      const auto reader = OpenVideo(Path("a.mp4"));
      ASSERT_NE(reader, nullptr);
      EXPECT_EQ(reader->info().matrix, matrix);
      const auto frames = ReadAllFrames(*reader);
      const auto middle = frames.front().image.pixels.begin() + (32 * 64 + 32) * 3;
      for (size_t c = 0; c < 3; ++c)
        EXPECT_NEAR(middle[static_cast<std::ptrdiff_t>(c)], rgb[c], 4)
            << "matrix " << matrix << " channel " << c;
    }
  }
}

TEST_F(VideoWriterTest, OddSidesBecomeEven) {
  WriteVideo("a.mp4", InfoOf(33, 51), {0, 40});
  const auto reader = OpenVideo(Path("a.mp4"));
  ASSERT_NE(reader, nullptr);
  EXPECT_EQ(reader->info().height, 34);
  EXPECT_EQ(reader->info().width, 52);
  const auto frames = ReadAllFrames(*reader);
  EXPECT_NEAR(frames.back().image.pixels.end()[-3], 200, 4);  // red of the last, repeated pixel
}

TEST_F(VideoWriterTest, AudioIsCopiedWithItsTimes) {
  ASSERT_TRUE(ffmpeg::Load().ok());
  VideoInfo info = InfoOf(48, 64);
  info.audio.push_back(Sound(1));
  const auto writer = Create("a.mkv", info);
  ASSERT_NE(writer, nullptr);
  EXPECT_EQ(writer->audio_streams(), 1u);
  const Image image = Plain(48, 64, {1, 2, 3});
  std::array<uint8_t, 1600> samples = {};
  for (int64_t i = 0; i < 5; ++i) {
    samples.fill(static_cast<uint8_t>(i));
    ASSERT_TRUE(writer->WriteAudio(SoundPacket(1, i * 800, samples)).ok());
    ASSERT_TRUE(writer->Write(image.view(), i * 100, 100).ok());
  }
  ASSERT_TRUE(writer->Finish().ok());
  const auto reader = OpenVideo(Path("a.mkv"));
  ASSERT_NE(reader, nullptr);
  ASSERT_EQ(reader->info().audio.size(), 1u);
  EXPECT_EQ(ReadAllFrames(*reader).size(), 5u);
  int64_t expected = 0;
  const AVRational base = reader->info().audio.front().time_base;
  for (const auto& packet : reader->TakeAudio()) {
    EXPECT_EQ(ffmpeg::Api().av_rescale_q(packet->pts, base, {1, 1000}), expected * 100);
    EXPECT_EQ(packet->size, 1600);
    EXPECT_EQ(packet->data[0], expected++);
  }
  EXPECT_EQ(expected, 5);
}

TEST_F(VideoWriterTest, AudioThatTheContainerCannotHoldIsNamed) {
  ASSERT_TRUE(ffmpeg::Load().ok());
  VideoInfo info = InfoOf(48, 64);
  info.audio.push_back(Sound(1));
  const auto writer = Create("a.webm", info);
  ASSERT_NE(writer, nullptr);
  EXPECT_EQ(writer->audio_streams(), 0u);
  EXPECT_THAT(writer->left_out(), ElementsAre("pcm_s16le"));
}

TEST_F(VideoWriterTest, NothingIsLeftWithoutFinish) {
  Put("a.mp4", "as it was");
  {
    const auto writer = Create("a.mp4", InfoOf(48, 64));
    ASSERT_TRUE(writer->Write(Plain(48, 64, {1, 2, 3}).view(), 0, 40).ok());
    EXPECT_EQ(FilesLeft(), 2u);
  }
  EXPECT_EQ(FilesLeft(), 1u);
  EXPECT_EQ(Get("a.mp4"), "as it was");
}

TEST_F(VideoWriterTest, RefusesOtherNamesAndPlaces) {
  const auto message = [&](const std::string& path) {
    return VideoWriter::Create(path, InfoOf(48, 64), {}, true).status().message();
  };
  EXPECT_THAT(message(Path("a.gif")), HasSubstr(".mp4, .mov, .mkv or .webm, got \".gif\""));
  EXPECT_THAT(message(Path("no/such/folder.mp4")), HasSubstr("cannot create"));
  std::filesystem::create_directories(Path("folder.mp4"));
  EXPECT_THAT(message(Path("folder.mp4")), HasSubstr("expected a file"));
  EXPECT_EQ(FilesLeft(), 1u);
}

}  // namespace
}  // namespace segforge
