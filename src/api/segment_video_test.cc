#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/colors.h"
#include "image/test_video.h"
#include "segforge/video.h"

namespace segforge {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr int kHeight = 48, kWidth = 64;

class SegmentVideoTest : public VideoTest {
 protected:
  static const Segmenter& Model() {
    static const Segmenter model = [] {
      SegmenterOptions options;
      options.threads = 1;
      return Segmenter("street-b0", options);
    }();
    return model;
  }
  static LabelColors Colors() { return LoadLabelColors("", Model().info()); }

  // Frames of a street that slides to the left by `step` pixels a frame.
  std::string WriteStreet(const std::string& name, int64_t frames, int64_t step) {
    const RgbImage street = LoadImage(SEGFORGE_SOURCE_DIR "/models/street-b0/demo/street_day.jpg");
    auto writer = VideoWriter::Create(Path(name), InfoOf(kHeight, kWidth), {.crf = 5}, true);
    EXPECT_TRUE(writer.ok()) << writer.status().message();
    for (int64_t i = 0; i < frames; ++i) {
      const uint8_t* corner = street.pixels.data() + (street.width * 200 + 100 + i * step) * 3;
      EXPECT_TRUE((*writer)->Write({corner, kHeight, kWidth, street.width * 3}, i * 100, 100).ok());
    }
    EXPECT_TRUE((*writer)->Finish().ok());
    return Path(name);
  }

  VideoReport Run(const std::string& source, const std::string& output, const VideoOptions& options = {}) {
    return SegmentVideo(Model(), source, Path(output), Colors(), options);
  }

  std::vector<Image> ImagesOf(const std::string& path) {
    std::vector<Image> images;
    for (VideoFrame& frame : ReadAllFrames(*OpenVideo(path))) images.push_back(std::move(frame.image));
    return images;
  }
};

double MeanDifference(const Image& a, const Image& b) {
  EXPECT_EQ(a.pixels.size(), b.pixels.size());
  double sum = 0;
  for (size_t i = 0; i < a.pixels.size(); ++i) sum += std::abs(int{a.pixels[i]} - int{b.pixels[i]});
  return sum / static_cast<double>(a.pixels.size());
}

std::string MessageOf(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST_F(SegmentVideoTest, EveryFrameGetsItsOwnLabels) {
  const std::string source = WriteStreet("a.mp4", 6, 60);
  const VideoReport report = Run(source, "out.mkv", {.format = VideoFormat::kColor, .crf = 1});
  EXPECT_EQ(report.frames, 6);
  EXPECT_EQ(report.segmented, 6);
  EXPECT_EQ(report.dropped, 0);
  EXPECT_EQ(report.damage, "");
  EXPECT_NEAR(report.seconds, 0.6, 1e-6);
  const auto frames = ImagesOf(source);
  const auto colored = ImagesOf(Path("out.mkv"));
  ASSERT_EQ(colored.size(), 6u);
  int64_t road_pixels = 0;
  for (size_t i = 0; i < frames.size(); ++i) {
    const Segmentation expected = Model().Run({frames[i].pixels.data(), kHeight, kWidth, 0});
    const RgbImage png = DecodeImage(EncodeColorPng(expected, Colors()));
    EXPECT_LT(MeanDifference({kHeight, kWidth, png.pixels}, colored[i]), 12) << "frame " << i;
    road_pixels += CountPixels(expected, Model().info().classes)[3];
  }
  EXPECT_EQ(report.pixels[3], road_pixels);
  EXPECT_EQ(report.rejected, 0);
}

TEST_F(SegmentVideoTest, FramesBetweenGetTheLastLabels) {
  const std::string source = WriteStreet("a.mp4", 7, 60);
  const VideoReport report = Run(source, "out.mp4", {.format = VideoFormat::kColor, .every = 3, .crf = 1});
  EXPECT_EQ(report.frames, 7);
  EXPECT_EQ(report.segmented, 3);
  const auto colored = ImagesOf(Path("out.mp4"));
  ASSERT_EQ(colored.size(), 7u);
  EXPECT_LT(MeanDifference(colored[0], colored[2]), 2);
  EXPECT_GT(MeanDifference(colored[2], colored[3]), 4);
  EXPECT_LT(MeanDifference(colored[3], colored[5]), 2);
}

TEST_F(SegmentVideoTest, SmoothingFollowsItsFormula) {
  constexpr double kKeep = 0.75;
  const std::string source = WriteStreet("a.mp4", 4, 90);
  const VideoReport report = Run(source, "out.mp4", {.smooth = kKeep});
  std::vector<float> average;
  std::vector<int64_t> pixels(report.pixels.size());
  for (const Image& frame : ImagesOf(source)) {
    const RgbView view = {frame.pixels.data(), kHeight, kWidth, 0};
    const Segmentation alone = Model().Run(view, {.logits = true});
    if (average.empty()) average = alone.logits;
    for (size_t i = 0; i < average.size(); ++i)
      average[i] = static_cast<float>(kKeep * average[i] + (1 - kKeep) * alone.logits[i]);
    // An average of zero weight for new logits shows what is in it.
    LogitAverage shown = {
        .keep = 1 - 1e-9, .logits = {}, .height = alone.logits_height, .width = alone.logits_width};
    const auto classes = static_cast<size_t>(Model().info().classes), cells = average.size() / classes;
    shown.logits.resize(average.size());
    for (size_t c = 0; c < classes; ++c) {
      for (size_t i = 0; i < cells; ++i) shown.logits[i * classes + c] = average[c * cells + i];
    }
    const auto counted = CountPixels(Model().Run(view, {.average = &shown}), Model().info().classes);
    for (size_t c = 0; c < pixels.size(); ++c) pixels[c] += counted[c];
  }
  for (size_t c = 0; c < pixels.size(); ++c) EXPECT_NEAR(report.pixels[c], pixels[c], 8) << "class " << c;
  EXPECT_NE(report.pixels, Run(source, "plain.mp4").pixels);
}

TEST_F(SegmentVideoTest, AnAverageBeginsAnewWithAnotherSize) {
  const RgbImage street = LoadImage(SEGFORGE_SOURCE_DIR "/models/street-b0/demo/street_day.jpg");
  const auto view = [&](int64_t x, int64_t width) {
    return RgbView{street.pixels.data() + x * 3, kHeight, width, street.width * 3};
  };
  LogitAverage average = {.keep = 0.9};
  Model().Run(view(0, 96), {.average = &average});
  EXPECT_EQ(Model().Run(view(300, kWidth), {.average = &average}).labels8,
            Model().Run(view(300, kWidth)).labels8);
  EXPECT_THAT(MessageOf([&] {
                Model().RunBatch({view(0, 64), view(9, 64)}, {.average = &average});
              }),
              HasSubstr("one image at a time"));
  average.keep = 1;
  EXPECT_THAT(MessageOf([&] { Model().Run(view(0, 64), {.average = &average}); }), HasSubstr("less than 1"));
}

TEST_F(SegmentVideoTest, LimitsEndIt) {
  const std::string source = WriteStreet("a.mp4", 12, 1);
  EXPECT_EQ(Run(source, "out.mp4", {.most_frames = 5}).frames, 5);
  EXPECT_EQ(ImagesOf(Path("out.mp4")).size(), 5u);
  EXPECT_EQ(Run(source, "out.mp4", {.most_seconds = 0.35}).frames, 4);
  EXPECT_EQ(ImagesOf(Path("out.mp4")).size(), 4u);
}

TEST_F(SegmentVideoTest, SoundGoesAlongToItsEnd) {
  ASSERT_TRUE(ffmpeg::Load().ok());
  VideoInfo info = InfoOf(kHeight, kWidth);
  info.audio.push_back(Sound(1));
  auto writer = VideoWriter::Create(Path("a.mkv"), info, {}, true);
  ASSERT_TRUE(writer.ok());
  std::array<uint8_t, 1600> samples = {};
  for (int64_t i = 0; i < 8; ++i) {  // longer than the three frames
    ASSERT_TRUE((*writer)->WriteAudio(SoundPacket(1, i * 800, samples)).ok());
    if (i >= 3) continue;
    ASSERT_TRUE((*writer)->Write(Plain(kHeight, kWidth, {9, 9, 9}).view(), i * 100, 100).ok());
  }
  ASSERT_TRUE((*writer)->Finish().ok());
  const auto packets = [&](const std::string& name) {
    const auto reader = OpenVideo(Path(name));
    ReadAllFrames(*reader);
    return reader->TakeAudio().size();
  };
  EXPECT_EQ(Run(Path("a.mkv"), "out.mkv").audio_streams, 1);
  EXPECT_EQ(packets("out.mkv"), 8u);
  EXPECT_EQ(Run(Path("a.mkv"), "mute.mkv", {.audio = false}).audio_streams, 0);
  EXPECT_EQ(packets("mute.mkv"), 0u);
  EXPECT_THAT(Run(Path("a.mkv"), "out.webm").audio_left_out, ElementsAre("pcm_s16le"));
}

TEST_F(SegmentVideoTest, StoppedFilesLeaveNothing) {
  const std::string source = WriteStreet("a.mp4", 30, 1);
  int64_t seen = 0;
  VideoOptions options;
  std::atomic<bool> stop = false;
  options.stop = [&] { return stop.load(); };
  options.progress = [&](const VideoProgress& progress) {
    EXPECT_EQ(progress.total, 30);
    if (++seen == 3) stop = true;
  };
  const VideoReport report = Run(source, "out.mp4", options);
  EXPECT_TRUE(report.stopped);
  EXPECT_FALSE(report.live);
  EXPECT_EQ(FilesLeft(), 1u);
}

TEST_F(SegmentVideoTest, ErrorsNameWhatTheyConcern) {
  const std::string source = WriteStreet("a.mp4", 2, 1);
  const auto message = [&](const std::string& from, const std::string& to, const VideoOptions& options = {}) {
    return MessageOf([&] { Run(from, to, options); });
  };
  EXPECT_THAT(message(Put("b.mp4", "hello"), "out.mp4"), HasSubstr("b.mp4: cannot be opened"));
  EXPECT_THAT(message(source, "out.avi"), HasSubstr("out.avi: a video is written as"));
  EXPECT_THAT(message(Put("c.y4m", Y4m(16, 64, "\x50")), "out.mp4"),
              HasSubstr("c.y4m: image: expected at least 32x32"));
  EXPECT_THAT(message(source, "out.mp4", {.every = 0}), HasSubstr("every: expected 1 or more"));
  EXPECT_THAT(message(source, "out.mp4", {.smooth = 1}), HasSubstr("less than 1"));
  EXPECT_EQ(FilesLeft(), 3u);
}

}  // namespace
}  // namespace segforge
