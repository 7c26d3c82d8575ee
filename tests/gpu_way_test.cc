// A GPU's way from images to labels, and back to whoever called.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <future>
#include <thread>

#include "api/planes.h"
#include "backend/cuda/cuda.h"
#include "backend/top_classes.h"
#include "engine/session.h"
#include "segforge/build.h"
#include "segforge/files.h"

namespace segforge {
namespace {

constexpr const char* kModel = SEGFORGE_SOURCE_DIR "/models/street-b0";
constexpr const char* kStreet = SEGFORGE_SOURCE_DIR "/models/street-b0/demo/street_day.jpg";

// A part of the demo image: real content at a size that costs little.
RgbView Part(const RgbImage& image, int64_t y, int64_t x, int64_t height, int64_t width) {
  return {image.pixels.data() + (y * image.width + x) * 3, height, width, image.width * 3};
}

SegmenterOptions OnGpu() {
  SegmenterOptions options;
  options.device = "cuda";
  options.threads = 2;
  return options;
}

// Two engines of one model may have chosen other kernels.
void ExpectNear(const std::vector<uint8_t>& labels, const std::vector<uint8_t>& expected, size_t one_in) {
  ASSERT_EQ(labels.size(), expected.size());
  size_t others = 0;
  for (size_t i = 0; i < labels.size(); ++i) others += labels[i] != expected[i] ? 1 : 0;
  EXPECT_LE(others, labels.size() / one_in);
}

class GpuWay : public testing::Test {
 protected:
  void SetUp() override {
    const Status status = CudaDevices().status();
    if (!status.ok()) GTEST_SKIP() << status.message();
  }

  RgbImage image_ = LoadImage(kStreet);
};

TEST_F(GpuWay, cuda_AllKindsOfMemoryGiveTheSameLabels) {
  const Segmenter segmenter(kModel, OnGpu());
  const RgbView part = Part(image_, 31, 17, 200, 301);
  const std::vector<uint8_t> expected = segmenter.Run(part).labels8;

  const HostMemory packed = segmenter.NewMemory(200 * 301 * 3), padded = segmenter.NewMemory(200 * 1000);
  for (int64_t y = 0; y < 200; ++y) {
    const uint8_t* row = part.data + y * part.stride_bytes;
    std::memcpy(packed.data.get() + y * 301 * 3, row, 301 * 3);
    std::memcpy(padded.data.get() + y * 1000, row, 301 * 3);
  }
  const HostMemory locked = segmenter.NewMemory(expected.size());
  std::vector<uint8_t> plain(expected.size());
  const std::vector<RgbView> views = {
      part, {packed.data.get(), 200, 301, 0}, {padded.data.get(), 200, 301, 1000}};
  for (const RgbView& view : views) {
    for (uint8_t* labels : {plain.data(), locked.data.get()}) {
      std::fill_n(labels, expected.size(), uint8_t{77});
      const Timings times = segmenter.RunInto(view, {labels, nullptr, 200, 301});
      EXPECT_TRUE(std::equal(expected.begin(), expected.end(), labels));
      EXPECT_GT(times.resize, 0);
      EXPECT_GT(times.engine, 0);
      EXPECT_GT(times.labels, 0);
    }
  }
}

TEST_F(GpuWay, cuda_BatchesOfMixedSizesGiveWhatSingleImagesGive) {
  SegmenterOptions options = OnGpu();
  options.precision = "fp32";
  const Segmenter segmenter(kModel, options);
  const std::vector<RgbView> views = {Part(image_, 0, 0, 96, 128), Part(image_, 40, 60, 64, 64),
                                      Part(image_, 200, 300, 96, 128)};
  const std::vector<Segmentation> together = segmenter.RunBatch(views, {.logits = true, .confidence = true});
  for (size_t i = 0; i < views.size(); ++i) {
    const Segmentation alone = segmenter.Run(views[i], {.logits = true, .confidence = true});
    EXPECT_EQ(together[i].logits_width, alone.logits_width);
    ExpectNear(together[i].labels8, alone.labels8, 1000);
    ASSERT_EQ(together[i].confidence.size(), alone.confidence.size());
    for (size_t p = 0; p < alone.confidence.size(); ++p)
      EXPECT_NEAR(together[i].confidence[p], alone.confidence[p], 1e-3);
  }
}

// Ranked on the device as the logits rank them; the fifth may be as good as the sixth.
TEST_F(GpuWay, cuda_TopClassesAreThoseOfTheLogits) {
  constexpr int64_t kTop = 5;
  const RgbView part = Part(image_, 31, 17, 200, 301);
  const Segmentation result =
      Segmenter(kModel, OnGpu()).Run(part, {.logits = true, .confidence = true, .top_k = kTop});
  const int64_t cells = result.logits_height * result.logits_width;
  const Shape planes = {1, static_cast<int64_t>(result.logits.size()) / cells, result.logits_height,
                        result.logits_width};
  const Tensor logits = FromPlanes({result.logits.data(), DType::kF32, planes});
  Tensor labels(DType::kU16, {kTop, 200, 301}), probabilities(DType::kF32, {kTop, 200, 301});
  ThreadPool pool(2);
  FillTopClasses(ImageOf(logits.view(), 0), {{}, {}, labels.view(), probabilities.view()}, pool);
  const size_t pixels = result.labels8.size();
  ASSERT_EQ(result.top_labels.size(), kTop * pixels);
  size_t others = 0;
  for (size_t i = 0; i < result.top_labels.size(); ++i) {
    others += result.top_labels[i] != labels.span<uint16_t>()[i] ? 1 : 0;
    ASSERT_NEAR(result.top_probabilities[i], probabilities.span<float>()[i], 1e-4);
  }
  EXPECT_LE(others, result.top_labels.size() / 10000);
  for (size_t i = 0; i < pixels; ++i) {
    ASSERT_EQ(result.top_labels[i], result.labels8[i]);
    ASSERT_EQ(result.top_probabilities[i], result.confidence[i]);
  }
}

// More callers than there are places on the device, with sizes of their own, on two models.
TEST_F(GpuWay, cuda_ManyThreadsGetWhatOneGets) {
  const std::array<Segmenter, 2> segmenters = {Segmenter(kModel, OnGpu()), Segmenter(kModel, OnGpu())};
  std::vector<RgbView> views;
  for (int64_t i = 0; i < 8; ++i)
    views.push_back(Part(image_, 20 * i, 30 * i, 64 + 32 * (i % 3), 96 + 16 * (i % 2)));
  std::array<std::vector<std::vector<uint8_t>>, 2> expected;
  for (size_t s = 0; s < 2; ++s) {
    for (const RgbView& view : views) expected[s].push_back(segmenters[s].Run(view).labels8);
  }
  std::vector<std::thread> callers;
  callers.reserve(views.size());
  std::atomic<int> wrong = 0;
  for (size_t i = 0; i < views.size(); ++i) {
    callers.emplace_back([&, i] {
      for (size_t run = 0; run < 20; ++run) {
        const size_t s = run % 2, at = (i + run) % views.size();
        if (segmenters[s].Run(views[at]).labels8 != expected[s][at]) ++wrong;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(wrong, 0);
}

// As many GPUs as there are, in both orders.
TEST_F(GpuWay, cuda_AllDevicesAgree) {
  const RgbView part = Part(image_, 31, 17, 128, 160);
  const Segmenter one(kModel, OnGpu());
  EXPECT_EQ(one.gpus(), 1);
  const std::vector<uint8_t> expected = one.Run(part).labels8;
  SegmenterOptions options = OnGpu();
  options.device = "cuda:all";
  const Segmenter all(kModel, options);
  ASSERT_EQ(all.gpus(), static_cast<int>(CudaDevices()->size()));
  options.device = "cuda:";
  for (int gpu = all.gpus() - 1; gpu >= 0; --gpu)
    options.device += fmt::format("{}{}", gpu, gpu > 0 ? "," : "");
  const Segmenter backwards(kModel, options);
  EXPECT_TRUE(backwards.device().starts_with(fmt::format("cuda:{} ", all.gpus() - 1)));
  std::vector<std::future<void>> callers;
  callers.reserve(static_cast<size_t>(4 * all.gpus()));
  for (int caller = 0; caller < 4 * all.gpus(); ++caller) {
    callers.push_back(std::async(std::launch::async, [&] {
      for (int run = 0; run < 10; ++run) {
        ExpectNear(all.Run(part).labels8, expected, 100);
        ExpectNear(backwards.Run(part).labels8, expected, 100);
      }
    }));
  }
  for (std::future<void>& caller : callers) caller.get();
}

// An arena of hundreds of gigabytes.
TEST_F(GpuWay, cuda_WhatDoesNotFitIsRefusedByName) {
  SegmenterOptions options = OnGpu();
  options.size = NetworkSize::kFixed;
  options.height = options.width = 60000;
  const Segmenter huge(kModel, options), usual(kModel, OnGpu());
  const RgbView part = Part(image_, 31, 17, 64, 96);
  const std::vector<uint8_t> expected = usual.Run(part).labels8;
  for (int run = 0; run < 2; ++run) {
    try {
      huge.Run(part);
      ADD_FAILURE() << "expected an error";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kOutOfMemory) << error.what();
      EXPECT_THAT(error.what(), testing::HasSubstr("the plan for 1x60000x60000: needs "));
    }
    EXPECT_EQ(usual.Run(part).labels8, expected);
  }
}

TEST_F(GpuWay, cuda_WaitingByEitherMeansGivesTheSame) {
  SegmenterOptions options = OnGpu();
  const RgbView part = Part(image_, 31, 17, 64, 96);
  const std::vector<uint8_t> expected = Segmenter(kModel, options).Run(part).labels8;
  options.gpu_wait = GpuWait::kSleep;
  ExpectNear(Segmenter(kModel, options).Run(part).labels8, expected, 100);
}

// A CPU runs every feed-forward half in one kernel, a GPU some of them.
TEST_F(GpuWay, cuda_EngineFilesOfACpuAreRebuilt) {
  const std::filesystem::path file = std::filesystem::path(testing::TempDir()) / "of_a_cpu.segforge";
  BuildOptions build;
  build.model = kModel;
  build.segmenter.device = "cpu";
  BuildEngineFile(build, file.string());
  const RgbView part = Part(image_, 100, 100, 96, 128);
  SegmenterOptions options = OnGpu();
  EXPECT_THROW(Segmenter(file.string(), options), Error);
  options.allow_rebuild = true;
  const std::vector<uint8_t> labels = Segmenter(file.string(), options).Run(part).labels8;
  std::filesystem::remove(file);
  options.device = "cpu";
  ExpectNear(labels, Segmenter(kModel, options).Run(part).labels8, 1000);
}

// Whatever rewrite is left out, the ops that it would have replaced are there.
TEST_F(GpuWay, cuda_AnyPassMayBeLeftOut) {
  const RgbView part = Part(image_, 100, 100, 96, 128);
  std::vector<std::string> passes = {"all"};
  for (const PassResult& pass : InspectModel(kModel, 96, 128).passes) passes.push_back(pass.name);
  ASSERT_GT(passes.size(), 5U);
  for (const char* precision : {"fp32", "fp16"}) {
    SegmenterOptions options = OnGpu();
    options.precision = precision;
    const std::vector<uint8_t> expected = Segmenter(kModel, options).Run(part).labels8;
    for (const std::string& pass : passes) {
      SCOPED_TRACE(pass);
      options.disabled_passes = {pass};
      const std::vector<uint8_t> labels = Segmenter(kModel, options).Run(part).labels8;
      ExpectNear(labels, expected, 100);
    }
  }
}

// Slid over, augmented, tiled and smoothed, results are made of logits that were fetched.
TEST_F(GpuWay, cuda_EveryModeIsNearToTheCpu) {
  const RgbView part = Part(image_, 100, 100, 160, 224);
  std::vector<SegmenterOptions> modes(3, OnGpu());
  modes[0].mode = InferenceMode::kSlide;
  modes[0].crop_height = modes[0].crop_width = 96;
  modes[0].stride_height = modes[0].stride_width = 64;
  modes[1].scales = {0.5, 1};
  modes[1].flip = true;
  modes[2].mode = InferenceMode::kTile;
  modes[2].tile = 96;
  modes[2].overlap = 32;
  for (SegmenterOptions options : modes) {
    options.precision = "fp32";
    LogitAverage average;
    Wanted wanted;
    if (options.mode != InferenceMode::kTile) wanted.average = &average;
    const std::vector<uint8_t> ours = Segmenter(kModel, options).Run(part, wanted).labels8;
    options.device = "cpu";
    average = {};
    const std::vector<uint8_t> theirs = Segmenter(kModel, options).Run(part, wanted).labels8;
    ExpectNear(ours, theirs, 200);
  }
}

}  // namespace
}  // namespace segforge
