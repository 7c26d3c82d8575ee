#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <filesystem>
#include <thread>

#include "segforge/files.h"

namespace segforge {
namespace {

using ::testing::HasSubstr;

constexpr const char* kModel = SEGFORGE_SOURCE_DIR "/models/street-b0";
constexpr const char* kStreet = SEGFORGE_SOURCE_DIR "/models/street-b0/demo/street_day.jpg";

// A part of the demo image: real content at a size that costs little.
RgbView Part(const RgbImage& image, int64_t y, int64_t x, int64_t height, int64_t width) {
  return {image.pixels.data() + (y * image.width + x) * 3, height, width, image.width * 3};
}

SegmenterOptions OneThread() {
  SegmenterOptions options;
  options.threads = 1;
  return options;
}

template <typename Call>
void ExpectError(ErrorCode code, const std::string& what, const Call& call) {
  try {
    call();
    ADD_FAILURE() << "expected an error: " << what;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    EXPECT_THAT(error.what(), HasSubstr(what));
  }
}

TEST(Segmenter, StrideDoesNotMatter) {
  const RgbImage image = LoadImage(kStreet);
  const RgbView part = Part(image, 300, 200, 90, 117);
  RgbImage copy = {part.height, part.width, {}};
  for (int64_t y = 0; y < part.height; ++y) {
    const uint8_t* row = part.data + y * part.stride_bytes;
    copy.pixels.insert(copy.pixels.end(), row, row + part.width * 3);
  }
  const Segmenter segmenter(kModel, OneThread());
  const RgbView packed = {copy.pixels.data(), copy.height, copy.width, 0};
  EXPECT_EQ(segmenter.Run(part, {true, true}).logits, segmenter.Run(packed, {true, true}).logits);
}

TEST(Segmenter, RunsIntoTheCallersMemory) {
  const RgbImage image = LoadImage(kStreet);
  const RgbView part = Part(image, 300, 200, 64, 90);
  for (const InferenceMode mode : {InferenceMode::kWhole, InferenceMode::kSlide}) {
    SegmenterOptions options = OneThread();
    options.mode = mode;
    const Segmenter segmenter(kModel, options);
    const std::vector<uint8_t> expected = segmenter.Run(part).labels8;
    const HostMemory memory = segmenter.NewMemory(expected.size());
    ASSERT_EQ(memory.bytes, expected.size());
    const Timings times = segmenter.RunInto(part, {memory.data.get(), nullptr, 64, 90});
    EXPECT_TRUE(std::equal(expected.begin(), expected.end(), memory.data.get()));
    EXPECT_GT(times.engine, 0);
  }
}

TEST(Segmenter, RefusesMemoryThatDoesNotFitTheLabels) {
  const RgbImage image = LoadImage(kStreet);
  const RgbView part = Part(image, 300, 200, 64, 90);
  const Segmenter segmenter(kModel, OneThread());
  std::vector<uint8_t> labels(64 * 90);
  ExpectError(ErrorCode::kInvalidInput, "expected the image's 64x90 (height x width), got 64x91", [&] {
    segmenter.RunInto(part, {labels.data(), nullptr, 64, 91});
  });
  std::vector<uint16_t> wide(64 * 90);
  ExpectError(ErrorCode::kInvalidInput, "expected labels8 for 11 classes", [&] {
    segmenter.RunInto(part, {nullptr, wide.data(), 64, 90});
  });
  EXPECT_EQ(segmenter.NewMemory(0).data, nullptr);
}

TEST(Segmenter, LabelsAreTheArgmaxOfUpsampledLogits) {
  const RgbImage image = LoadImage(kStreet);
  const Segmenter segmenter(kModel, OneThread());
  const Segmentation result = segmenter.Run(Part(image, 300, 200, 64, 64), {true, true});
  ASSERT_EQ(result.logits_height, 16);
  ASSERT_EQ(result.logits.size(), 11U * 16 * 16);
  // A corner's pixel reads the corner's logits alone: half-pixel centres clamp there.
  const auto corner = [&](int64_t c) { return result.logits[static_cast<size_t>(c * 16 * 16)]; };
  int64_t best = 0;
  double sum = 0;
  for (int64_t c = 0; c < 11; ++c) {
    if (corner(c) > corner(best)) best = c;
    sum += std::exp(static_cast<double>(corner(c)));
  }
  EXPECT_EQ(result.LabelAt(0, 0), best);
  EXPECT_NEAR(result.confidence[0], std::exp(static_cast<double>(corner(best))) / sum, 1e-5);
}

TEST(Segmenter, FixedSizeStillGivesTheImagesSize) {
  const RgbImage image = LoadImage(kStreet);
  SegmenterOptions options = OneThread();
  options.size = NetworkSize::kFixed;
  options.height = 64;
  options.width = 96;
  const Segmentation result = Segmenter(kModel, options).Run(image.view(), {true, false});
  EXPECT_EQ(result.labels8.size(), image.pixels.size() / 3);
  EXPECT_EQ(result.network_width, 96);
  EXPECT_EQ(result.logits_width, 24);
  EXPECT_TRUE(result.confidence.empty());
  const auto pixels = CountPixels(result, 11);
  EXPECT_EQ(std::count_if(pixels.begin(), pixels.end(), [](int64_t n) { return n > 0; }) > 1, true);
}

TEST(Segmenter, FromConfigUsesThePreprocessorsSize) {
  const RgbImage image = LoadImage(kStreet);
  SegmenterOptions options = OneThread();
  options.size = NetworkSize::kFromConfig;
  const Segmenter segmenter(kModel, options);
  const Segmentation result = segmenter.Run(Part(image, 0, 0, 40, 50));
  EXPECT_EQ(result.network_height, segmenter.info().config_height);
  EXPECT_EQ(result.width, 50);
}

TEST(Segmenter, ABatchIsItsImages) {
  const RgbImage image = LoadImage(kStreet);
  const Segmenter segmenter(kModel, OneThread());
  const std::vector<RgbView> parts = {Part(image, 300, 0, 70, 65), Part(image, 400, 500, 70, 65),
                                      Part(image, 100, 300, 70, 65)};
  const std::vector<Segmentation> batch = segmenter.RunBatch(parts, {true, false});
  ASSERT_EQ(batch.size(), 3U);
  for (size_t i = 0; i < parts.size(); ++i) {
    const Segmentation single = segmenter.Run(parts[i], {true, false});
    for (size_t k = 0; k < single.logits.size(); ++k)
      ASSERT_NEAR(batch[i].logits[k], single.logits[k], 1e-3) << i;
  }
  EXPECT_TRUE(segmenter.RunBatch({}).empty());
}

TEST(Segmenter, ABatchMayHaveImagesOfSeveralSizes) {
  const RgbImage image = LoadImage(kStreet);
  const Segmenter segmenter(kModel, OneThread());
  const std::vector<RgbView> parts = {Part(image, 300, 0, 70, 65), Part(image, 400, 500, 64, 96),
                                      Part(image, 100, 300, 70, 65)};
  const std::vector<Segmentation> batch = segmenter.RunBatch(parts, {true, false});
  ASSERT_EQ(batch.size(), 3U);
  for (size_t i = 0; i < parts.size(); ++i) {
    const Segmentation single = segmenter.Run(parts[i], {true, false});
    ASSERT_EQ(batch[i].width, parts[i].width);
    ASSERT_EQ(batch[i].logits.size(), single.logits.size());
    for (size_t k = 0; k < single.logits.size(); ++k)
      ASSERT_NEAR(batch[i].logits[k], single.logits[k], 1e-3) << i;
  }
}

TEST(Segmenter, ASlideOfOneWindowIsTheWholeImage) {
  const RgbImage image = LoadImage(kStreet);
  SegmenterOptions options = OneThread();
  options.mode = InferenceMode::kSlide;
  const RgbView part = Part(image, 300, 200, 90, 117);
  const Segmentation slid = Segmenter(kModel, options).Run(part, {true, false});
  EXPECT_EQ(slid.labels8, Segmenter(kModel, OneThread()).Run(part).labels8);
  EXPECT_EQ(slid.logits_height, 90);
  EXPECT_EQ(slid.logits.size(), 11U * 90 * 117);
}

TEST(Segmenter, ConcurrentCallsGiveWhatEachGivesAlone) {
  const RgbImage image = LoadImage(kStreet);
  const Segmenter segmenter(kModel, OneThread());
  const std::vector<RgbView> parts = {Part(image, 300, 0, 64, 64), Part(image, 300, 500, 96, 70),
                                      Part(image, 500, 300, 33, 128)};
  std::vector<std::vector<float>> expected;
  for (const RgbView& part : parts) expected.push_back(segmenter.Run(part, {true, false}).logits);
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (size_t t = 0; t < 6; ++t) {
    threads.emplace_back([&, t] {
      for (int times = 0; times < 4; ++times) {
        if (segmenter.Run(parts[t % 3], {true, false}).logits != expected[t % 3]) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Segmenter, ErrorsSayWhatAndWhy) {
  const RgbImage image = LoadImage(kStreet);
  const Segmenter segmenter(kModel, OneThread());
  const auto run = [&](const RgbView& view) { return [&segmenter, view] { segmenter.Run(view); }; };
  ExpectError(ErrorCode::kInvalidInput, "at least 32x32, got 31x40", run(Part(image, 0, 0, 31, 40)));
  ExpectError(ErrorCode::kInvalidInput, "got 0x40", run({image.pixels.data(), 0, 40, 0}));
  ExpectError(ErrorCode::kInvalidInput, "no data", run({nullptr, 40, 40, 0}));
  ExpectError(ErrorCode::kInvalidInput, "stride: expected at least 120",
              run({image.pixels.data(), 40, 40, 119}));
  ExpectError(ErrorCode::kInvalidInput, "stride: expected 1x1 to the crop's 64x96, got 64x97", [] {
    SegmenterOptions options;
    options.mode = InferenceMode::kSlide;
    options.crop_height = options.stride_height = 64;
    options.crop_width = 96;
    options.stride_width = 97;
    Segmenter segmenter_with_gaps(kModel, options);
  });
  ExpectError(ErrorCode::kInvalidInput,
              "device \"gpu\": expected cpu, ref, cuda, cuda:N, cuda:N,M (each once), cuda:all", [] {
                SegmenterOptions options;
                options.device = "gpu";
                Segmenter segmenter_of_no_device(kModel, options);
              });
  ExpectError(ErrorCode::kInvalidInput, "device \"cuda:1x\": expected", [] {
    SegmenterOptions options;
    options.device = "cuda:1x";
    Segmenter segmenter_of_no_device(kModel, options);
  });
  ExpectError(ErrorCode::kUnsupported, "precision fp16: device cpu computes in fp32", [] {
    SegmenterOptions options;
    options.precision = "fp16";
    Segmenter segmenter_of_no_precision("gone", options);  // said before the model is looked for
  });
  ExpectError(ErrorCode::kInvalidInput, "no layer is named \"stage9\"", [] {
    SegmenterOptions options;
    options.fp32_layers = {"stage1", "stage9"};
    Segmenter segmenter_of_no_layer(kModel, options);
  });
  ExpectError(ErrorCode::kOutOfMemory, "MiB", [&] {
    SegmenterOptions options = OneThread();
    options.size = NetworkSize::kFixed;
    options.height = options.width = 65536;
    Segmenter(kModel, options).Run(image.view());
  });
}

TEST(Segmenter, FindsModelsByNameInTheEnvironmentsFolder) {
  ASSERT_EQ(setenv("SEGFORGE_MODELS", SEGFORGE_SOURCE_DIR "/models/street-b0", 1), 0);
  EXPECT_EQ(Segmenter("model.safetensors", OneThread()).info().classes, 11);
  ASSERT_EQ(unsetenv("SEGFORGE_MODELS"), 0);
  EXPECT_EQ(Segmenter("street-b0", OneThread()).info().name, "SegFormer-B0");
  ExpectError(ErrorCode::kInvalidInput, "no-such-model", [] { Segmenter("no-such-model"); });
}

TEST(Segmenter, RefBackendAgrees) {
  const RgbImage image = LoadImage(kStreet);
  SegmenterOptions ref = OneThread();
  ref.device = "ref";
  ref.disabled_passes = {"all"};
  const RgbView part = Part(image, 300, 200, 50, 45);
  const auto expected = Segmenter(kModel, ref).Run(part, {true, false}).logits;
  const auto got = Segmenter(kModel, OneThread()).Run(part, {true, false}).logits;
  float largest = 0;
  for (const float value : expected) largest = std::max(largest, std::fabs(value));
  ASSERT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], expected[i], 1e-4F * largest) << i;
}

TEST(Files, LabelsAboveEightBitsAreSixteenBitGrey) {
  Segmentation result;
  result.height = 2;
  result.width = 2;
  result.labels16 = {0, 299, 256, 1};
  const FileBytes png = EncodeLabelsPng(result, {});
  EXPECT_EQ(png.at(24), std::byte{16});  // IHDR: bit depth, then colour type 0, grey
  EXPECT_EQ(png.at(25), std::byte{0});
  EXPECT_EQ(CountPixels(result, 300)[299], 1);
}

}  // namespace
}  // namespace segforge
