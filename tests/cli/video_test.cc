// `segforge segment` of a video: what it writes and says, and what it refuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "image/test_video.h"
#include "program.h"

namespace segforge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using Json = nlohmann::json;

constexpr int kHeight = 48, kWidth = 64;

void WriteVideo(const Workspace& workspace, const std::string& name, int64_t frames) {
  auto writer = VideoWriter::Create(workspace.path(name).string(), InfoOf(kHeight, kWidth), {}, false);
  ASSERT_TRUE(writer.ok()) << writer.status().message();
  for (int64_t i = 0; i < frames; ++i) {
    const auto level = static_cast<uint8_t>(i * 37 % 256);
    ASSERT_TRUE((*writer)->Write(Plain(kHeight, kWidth, {level, 90, 200}).view(), i * 100, 100).ok());
  }
  ASSERT_TRUE((*writer)->Finish().ok());
}

size_t FramesOf(const Workspace& workspace, const std::string& name) {
  const auto reader = OpenVideo(workspace.path(name).string());
  return reader == nullptr ? 0 : ReadAllFrames(*reader).size();
}

TEST(SegmentVideo, WritesAnOverlayIntoTheCurrentFolder) {
  Workspace workspace;
  WriteVideo(workspace, "drive.mp4", 5);
  const Outcome run = workspace.Run({"segment", "drive.mp4"});
  ASSERT_EQ(run.code, 0) << run.err;
  EXPECT_EQ(run.err, "");
  EXPECT_THAT(workspace.Files(), ElementsAre("drive.mp4", "drive.overlay.mp4"));
  EXPECT_EQ(FramesOf(workspace, "drive.overlay.mp4"), 5u);
  EXPECT_THAT(run.out, StartsWith("SegFormer-B0 (Hugging Face)"));
  EXPECT_THAT(run.out, HasSubstr("drive.mp4 64×48 → drive.overlay.mp4  · 5 frames (0.5 s) in "));
  EXPECT_THAT(run.out, HasSubstr(" frames/s (decode "));
}

TEST(SegmentVideo, ATableOfFiguresAsJson) {
  Workspace workspace;
  WriteVideo(workspace, "drive.mp4", 5);
  const Outcome run =
      workspace.Run({"segment", "drive.mp4", "-f", "color", "-o", "out/", "--every", "2", "--json"});
  ASSERT_EQ(run.code, 0) << run.err;
  const Json json = Json::parse(run.out);
  EXPECT_EQ(json.at("output"), "out/drive.mp4");
  EXPECT_EQ(json.at("frames"), 5);
  EXPECT_EQ(json.at("segmented"), 3);
  EXPECT_GT(json.at("frames_per_second"), 0);
  EXPECT_GT(json.at("times_ms").at("engine"), 0);
  int64_t pixels = 0;
  for (const Json& row : json.at("classes")) pixels += row.at("pixels").get<int64_t>();
  EXPECT_EQ(pixels, 5 * kHeight * kWidth);
}

TEST(SegmentVideo, ItsKindIsInTheBytesAndTheOutputsInTheName) {
  Workspace workspace;
  WriteVideo(workspace, "a.mp4", 3);
  workspace.Write("a.png", workspace.Read("a.mp4"));
  ASSERT_EQ(workspace.Run({"segment", "a.png", "-o", "b.webm", "--limit-frames", "2", "-q"}).code, 0);
  EXPECT_EQ(FramesOf(workspace, "b.webm"), 2u);
  EXPECT_EQ(workspace.Read("b.webm").substr(0, 4), "\x1a\x45\xdf\xa3");
}

TEST(SegmentVideo, AMissingEndIsReportedAndTheRestKept) {
  Workspace workspace;
  WriteVideo(workspace, "whole.mkv", 60);
  const std::string whole = workspace.Read("whole.mkv");
  workspace.Write("cut.mkv", whole.substr(0, whole.size() / 2));
  const Outcome run = workspace.Run({"segment", "cut.mkv", "-o", "out.mkv", "-q"});
  EXPECT_EQ(run.code, 2);
  const size_t frames = FramesOf(workspace, "out.mkv");
  EXPECT_GT(frames, 0u);
  EXPECT_THAT(run.err, StartsWith(fmt::format("segforge: cut.mkv: breaks off after {} frames: ", frames)));
  EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1) << run.err;
}

TEST(SegmentVideo, Refusals) {
  Workspace workspace;
  WriteVideo(workspace, "a.mp4", 3);
  workspace.WriteImage("a.png", 64, 64);
  const std::vector<std::string> before = workspace.Files();
  const auto refusal = [&](std::vector<std::string> words) {
    words.insert(words.begin(), "segment");
    const Outcome run = workspace.Run(words);
    EXPECT_EQ(run.code, 2) << testing::PrintToString(words);
    EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1) << run.err;
    EXPECT_EQ(workspace.Files(), before);
    return run.err;
  };
  EXPECT_THAT(refusal({"a.mp4", "-o", "./a.mp4"}), HasSubstr("would replace an input"));
  EXPECT_THAT(refusal({"a.mp4", "-o", "."}), HasSubstr("would replace an input"));
  EXPECT_THAT(refusal({"a.mp4", "-o", "b.avi"}), HasSubstr("b.avi: a video is written as .mp4, .mov"));
  EXPECT_THAT(refusal({"a.mp4", "-o", "-"}), HasSubstr("a video needs a file"));
  EXPECT_THAT(refusal({"a.mp4", "-o", "/proc/none/b.mp4"}), HasSubstr("/proc/none"));
  EXPECT_THAT(refusal({"a.mp4", "-f", "coco"}), HasSubstr("overlay or color"));
  EXPECT_THAT(refusal({"a.mp4", "--save-logits", "l.npy"}), HasSubstr("--save-logits"));
  EXPECT_THAT(refusal({"a.mp4", "a.png", "-o", "out"}), HasSubstr("a.mp4: is a video"));
  EXPECT_THAT(refusal({"a.mp4", "--every", "0"}), HasSubstr("--every"));
  EXPECT_THAT(refusal({"a.mp4", "--smooth", "1"}), HasSubstr("--smooth"));
  EXPECT_THAT(refusal({"a.mp4", "--smooth", "0.5", "--mode", "tile"}), HasSubstr("tile"));
  EXPECT_THAT(refusal({"a.png", "--smooth", "0.5"}), HasSubstr("--smooth: expected a video"));
  EXPECT_THAT(refusal({"http://127.0.0.1:1/a.mp4"}),
              HasSubstr("http://127.0.0.1:1/a.mp4: cannot be opened: "));
}

TEST(SegmentVideo, ADiskThatIsFullLeavesNothing) {
  Workspace workspace;
  WriteVideo(workspace, "a.mp4", 20);
  const Outcome run = workspace.Run({"segment", "a.mp4", "-q"}, "", {.file_bytes = 512});
  EXPECT_EQ(run.code, 2);
  EXPECT_THAT(run.err, HasSubstr("a.overlay.mp4: cannot write"));
  EXPECT_THAT(workspace.Files(), ElementsAre("a.mp4"));
}

TEST(SegmentVideo, AnInterruptLeavesNothing) {
  Workspace workspace;
  WriteVideo(workspace, "a.mp4", 3000);  // half a minute of work and more
  const Outcome run = workspace.Run({"segment", "a.mp4", "--size", "256x256", "-o", "out.mp4"}, "",
                                    {.interrupt_after_ms = 700});
  EXPECT_EQ(run.signal, SIGINT);
  EXPECT_EQ(run.err, "");
  EXPECT_THAT(workspace.Files(), ElementsAre("a.mp4"));
}

}  // namespace
}  // namespace segforge
