// Resizing on a GPU is the CPU's, which is Pillow's and OpenCV's, byte for byte.
#include <gtest/gtest.h>

#include <random>

#include "backend/cuda/cuda.h"
#include "backend/cuda/handles.h"
#include "engine/cuda_resize.h"

namespace segforge {
namespace {

Image Noise(ImageSize size, uint32_t seed) {
  std::mt19937 random(seed);
  Image image{size.height, size.width,
              std::vector<uint8_t>(static_cast<size_t>(size.height * size.width * 3))};
  for (uint8_t& byte : image.pixels) byte = static_cast<uint8_t>(random());
  return image;
}

class GpuResize : public testing::Test {
 protected:
  void SetUp() override {
    const Status status = CudaDevices().status();
    if (!status.ok()) GTEST_SKIP() << status.message();
    stream_ = cuda::MakeStream().value();
  }

  std::vector<uint8_t> OnGpu(const Image& image, ImageSize to, Resample dialect) {
    const cuda::DeviceBuffer x =
        cuda::DeviceBuffer::Upload(image.pixels.data(), image.pixels.size(), "x").value();
    std::vector<uint8_t> y(static_cast<size_t>(to.height * to.width * 3), 7);
    const cuda::DeviceBuffer result = cuda::DeviceBuffer::Upload(y.data(), y.size(), "y").value();
    const Status status = resize_.Run(x.as<uint8_t>(), {image.height, image.width}, result.as<uint8_t>(), to,
                                      dialect, stream_.get());
    EXPECT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(cudaStreamSynchronize(stream_.get()), cudaSuccess);
    EXPECT_EQ(cudaMemcpy(y.data(), result.data(), y.size(), cudaMemcpyDeviceToHost), cudaSuccess);
    return y;
  }

  void ExpectEqual(ImageSize from, ImageSize to) {
    const Image image = Noise(from, static_cast<uint32_t>(from.height * 1000 + from.width));
    for (const Resample dialect : {Resample::kPillow, Resample::kOpenCv}) {
      SCOPED_TRACE(fmt::format("{}x{} to {}x{}, dialect {}", from.height, from.width, to.height, to.width,
                               static_cast<int>(dialect)));
      EXPECT_EQ(OnGpu(image, to, dialect), Resize(image.view(), to, dialect).pixels);
    }
  }

  cuda::Stream stream_;
  CudaResize resize_;
};

TEST_F(GpuResize, cuda_EqualsTheCpuAtEverySizeOfAFewPixels) {
  for (int64_t from = 1; from <= 5; ++from) {
    for (int64_t to = 1; to <= 11; ++to) {
      for (int64_t other = 1; other <= 4; ++other) {
        if (from == other && to == other) continue;
        ExpectEqual({from, other}, {to, from});
        ExpectEqual({other, from}, {from, to});
      }
    }
  }
}

TEST_F(GpuResize, cuda_EqualsTheCpuUpAndDown) {
  const std::vector<std::pair<ImageSize, ImageSize>> cases = {
      {{480, 640}, {512, 512}},   {{1024, 2048}, {512, 1024}},  // halves
      {{1024, 2048}, {512, 512}}, {{2048, 300}, {64, 290}},     // Pillow: height first
      {{333, 517}, {1000, 1001}}, {{720, 1280}, {720, 640}},    // one axis alone
      {{720, 1280}, {360, 1280}}, {{1, 4000}, {37, 32}},       {{4000, 1}, {32, 37}},
      {{3000, 1999}, {101, 77}},  {{31, 33}, {32, 32}}};
  for (const auto& [from, to] : cases) ExpectEqual(from, to);
}

// The tables of one size must not serve another.
TEST_F(GpuResize, cuda_SizesInTurns) {
  for (int i = 0; i < 3; ++i) {
    ExpectEqual({50, 70}, {33, 91});
    ExpectEqual({70, 50}, {91, 33});
  }
}

}  // namespace
}  // namespace segforge
