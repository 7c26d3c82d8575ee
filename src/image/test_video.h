// Videos for tests, made on the spot.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "image/video_writer.h"

namespace segforge {

// A folder of the running test, removed with it.
class VideoTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "segforge-video.XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const { return (folder_ / name).string(); }

  std::string Put(const std::string& name, const std::string& bytes) const {
    std::ofstream(Path(name), std::ios::binary) << bytes;
    return Path(name);
  }

  std::string Get(const std::string& name) const {
    std::ifstream file(Path(name), std::ios::binary);
    EXPECT_TRUE(file.good()) << name;
    return std::string(std::istreambuf_iterator<char>(file), {});
  }

  size_t FilesLeft() const {
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder_), {}));
  }

  std::filesystem::path folder_;
};

// Uncompressed grey frames of YUV 4:2:0 at 10 frames a second: frame i has the brightness levels[i].
inline std::string Y4m(int height, int width, const std::string& levels) {
  std::string bytes = fmt::format("YUV4MPEG2 W{} H{} F10:1 Ip A1:1 C420jpeg\n", width, height);
  const auto chroma = static_cast<size_t>((height + 1) / 2 * ((width + 1) / 2));
  for (const char level : levels) {
    bytes += "FRAME\n" + std::string(static_cast<size_t>(height * width), level);
    bytes += std::string(2 * chroma, '\x80');
  }
  return bytes;
}

// One colour.
inline Image Plain(int64_t height, int64_t width, std::array<uint8_t, 3> rgb) {
  Image image = {height, width, {}};
  for (int64_t i = 0; i < height * width; ++i)
    image.pixels.insert(image.pixels.end(), rgb.begin(), rgb.end());
  return image;
}

inline VideoInfo InfoOf(int64_t height, int64_t width) {
  VideoInfo info;
  info.height = height;
  info.width = width;
  info.time_base = {1, 1000};
  info.frame_rate = {10, 1};
  info.pixel_aspect = {1, 1};
  info.matrix = AVCOL_SPC_BT709;
  return info;
}

// Uncompressed mono sound of 8000 samples a second, whose times count samples.
inline AudioStream Sound(int index) {
  AudioStream audio = {index, ParametersPtr(ffmpeg::Api().avcodec_parameters_alloc()), {1, 8000}};
  audio.parameters->codec_type = AVMEDIA_TYPE_AUDIO;
  audio.parameters->codec_id = AV_CODEC_ID_PCM_S16LE;
  audio.parameters->format = AV_SAMPLE_FMT_S16;
  audio.parameters->sample_rate = 8000;
  audio.parameters->bits_per_coded_sample = 16;
  audio.parameters->block_align = 2;
  audio.parameters->ch_layout = AV_CHANNEL_LAYOUT_MONO;
  return audio;
}

// 800 samples, a tenth of a second; `bytes` must outlive the packet.
inline ffmpeg::PacketPtr SoundPacket(int index, int64_t time, std::array<uint8_t, 1600>& bytes) {
  ffmpeg::PacketPtr packet(ffmpeg::Api().av_packet_alloc());
  packet->data = bytes.data();
  packet->size = static_cast<int>(bytes.size());
  packet->stream_index = index;
  packet->pts = packet->dts = time;
  packet->duration = 800;
  packet->flags = AV_PKT_FLAG_KEY;
  return packet;
}

inline std::unique_ptr<VideoReader> OpenVideo(const std::string& path) {
  auto reader = VideoReader::Open(path, nullptr);
  EXPECT_TRUE(reader.ok()) << reader.status().message();
  return reader.ok() ? std::move(reader).value() : nullptr;
}

inline std::vector<VideoFrame> ReadAllFrames(VideoReader& reader) {
  std::vector<VideoFrame> frames;
  while (true) {
    auto frame = reader.Read();
    EXPECT_TRUE(frame.ok()) << frame.status().message();
    if (!frame.ok() || !frame->has_value()) return frames;
    frames.push_back(std::move(**frame));
  }
}

}  // namespace segforge
