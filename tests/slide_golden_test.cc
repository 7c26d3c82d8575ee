// Sliding windows against a plain reimplementation over another runtime's logits: tests/data/make_slide.py.
#include <gtest/gtest.h>

#include "segforge/files.h"
#include "tests/network.h"

namespace segforge {
namespace {

constexpr double kTolerance = 1e-5;  // of the pixels: ties that rounding decides

struct SlideCase {
  const char* name;
  const char* image;
  int64_t y, x, height, width;  // the part of it
  int64_t crop[2], stride[2];   // height, width
};

// As in make_slide.py.
constexpr SlideCase kCases[] = {
    {"square", "scenes/scene_7101.png", 310, 250, 360, 480, {256, 256}, {171, 171}},
    {"odd", "scenes/scene_7100.png", 100, 200, 401, 517, {192, 256}, {128, 200}},
    {"small", "scenes/scene_7103.png", 500, 300, 150, 333, {256, 160}, {100, 160}},
};

class SlideGoldenTest : public testing::TestWithParam<SlideCase> {};

TEST_P(SlideGoldenTest, LabelsAreThoseOfThePlainReimplementation) {
  const SlideCase& slide = GetParam();
  if (!std::filesystem::exists(InShared(slide.image))) GTEST_SKIP() << "no " << InShared(slide.image);
  SegmenterOptions options;
  options.mode = InferenceMode::kSlide;
  options.crop_height = slide.crop[0];
  options.crop_width = slide.crop[1];
  options.stride_height = slide.stride[0];
  options.stride_width = slide.stride[1];
  const RgbImage image = LoadImage(InShared(slide.image).string());
  const RgbView part = {image.pixels.data() + (slide.y * image.width + slide.x) * 3, slide.height,
                        slide.width, image.width * 3};
  const Segmentation result = Segmenter(InShared("models/b0-hf").string(), options).Run(part);

  const auto stored = OpenNpy(InSource(std::string("tests/data/slide/") + slide.name + ".labels.npy"));
  ASSERT_TRUE(stored.ok()) << stored.status().message();
  const ConstTensorView& labels = stored->tensors.front().tensor;
  ASSERT_EQ(labels.shape, (Shape{slide.height, slide.width}));
  const auto expected = labels.span<uint8_t>();
  ASSERT_EQ(result.labels8.size(), expected.size());
  size_t different = 0;
  for (size_t i = 0; i < expected.size(); ++i) different += result.labels8[i] != expected[i] ? 1 : 0;
  EXPECT_LE(static_cast<double>(different), kTolerance * static_cast<double>(expected.size()));
}

std::string NameOfCase(const testing::TestParamInfo<SlideCase>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(All, SlideGoldenTest, testing::ValuesIn(kCases), NameOfCase);

}  // namespace
}  // namespace segforge
