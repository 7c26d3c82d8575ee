// A GPU that is lost in the middle of work: each call says so, and everything ends as it should.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "backend/cuda/cuda.h"
#include "backend/cuda/upsample.h"
#include "segforge/files.h"

namespace segforge {
namespace {

constexpr const char* kModel = SEGFORGE_SOURCE_DIR "/models/street-b0";
constexpr const char* kStreet = SEGFORGE_SOURCE_DIR "/models/street-b0/demo/street_day.jpg";

// A kernel that writes where no memory is: CUDA gives the process up on this device, as for a card that fell
// off the bus.
void LoseDevice() {
  const float* const nowhere = reinterpret_cast<const float*>(16);
  cuda::UpsampleArgmaxArgs args;
  args.logits = nowhere;
  args.n = args.height = args.width = args.classes = args.out_height = args.out_width = 1;
  args.labels = reinterpret_cast<void*>(16);
  cuda::LaunchUpsampleArgmax(args, nullptr);
}

int CallsThatSaySo(const Segmenter& segmenter, const RgbImage& image, int calls) {
  int said = 0;
  for (int call = 0; call < calls; ++call) {
    try {
      segmenter.Run({image.pixels.data(), image.height, image.width, 0});
    } catch (const Error& error) {
      fmt::print(stderr, "{}\n", error.what());
      said += error.code() == ErrorCode::kIo ? 1 : 0;
    }
  }
  return said;
}

[[noreturn]] void RunOnALostDevice() {
  bool as_expected = false;
  {
    SegmenterOptions options;
    options.device = "cuda";
    const Segmenter segmenter(kModel, options);
    const RgbImage image = LoadImage(kStreet);
    const HostMemory locked = segmenter.NewMemory(1000);
    as_expected = CallsThatSaySo(segmenter, image, 1) == 0;
    LoseDevice();
    as_expected = as_expected && CallsThatSaySo(segmenter, image, 3) == 3;
    try {
      const Segmenter another(kModel, options);
      as_expected = false;
    } catch (const Error& error) {
      fmt::print(stderr, "{}\n", error.what());
    }
  }
  std::exit(as_expected ? 0 : 1);  // and nothing fails on the way
}

TEST(GpuLost, cuda_EveryCallSaysSoAndTheProcessEndsCleanly) {
  const Status status = CudaDevices().status();
  if (!status.ok()) GTEST_SKIP() << status.message();
  GTEST_FLAG_SET(death_test_style, "threadsafe");  // a process of its own, with a context of its own
  EXPECT_EXIT(RunOnALostDevice(), testing::ExitedWithCode(0), "CUDA: an illegal memory access");
}

}  // namespace
}  // namespace segforge
