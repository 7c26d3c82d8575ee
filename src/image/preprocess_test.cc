#include "image/preprocess.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

namespace segforge {
namespace {

using testing::HasSubstr;

TEST(Normalize, FollowsTheFormula) {
  constexpr int64_t kHeight = 4, kWidth = 21, kStride = kWidth * 3 + 5;
  std::vector<uint8_t> bytes(kHeight * kStride);
  std::iota(bytes.begin(), bytes.end(), uint8_t{0});  // all values occur, in all channels
  const ImageView image = {bytes.data(), kHeight, kWidth, kStride};
  const Preprocessing preprocessing;
  Tensor output(DType::kF32, Shape{1, kHeight, kWidth, 3});
  ThreadPool pool(3);
  Normalize(image, preprocessing, output.view(), pool);
  for (int64_t y = 0; y < kHeight; ++y) {
    for (int64_t i = 0; i < kWidth * 3; ++i) {
      const auto c = static_cast<size_t>(i % 3);
      const double value = bytes[static_cast<size_t>(y * kStride + i)] / 255.0;
      const double expected = (value - preprocessing.mean[c]) / preprocessing.std[c];
      EXPECT_NEAR(output.span<float>()[static_cast<size_t>(y * kWidth * 3 + i)], expected, 1e-6);
    }
  }
}

TEST(PreprocessorConfig, DefaultsAreSegformers) {
  const auto parsed = ParsePreprocessorConfig("{}");
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->size, (ImageSize{512, 512}));
  EXPECT_EQ(parsed->rescale, 1.0f / 255.0f);
  EXPECT_FALSE(parsed->reduce_zero_label);
}

TEST(PreprocessorConfig, ReadsEveryField) {
  const auto parsed = ParsePreprocessorConfig(R"({
    "do_resize": true, "size": {"height": 640, "width": 320}, "resample": 2,
    "do_rescale": true, "rescale_factor": 0.5,
    "do_normalize": true, "image_mean": [1, 2, 3], "image_std": [4, 5, 6],
    "do_reduce_labels": true})");
  ASSERT_TRUE(parsed.ok()) << parsed.status().message();
  EXPECT_EQ(parsed->size, (ImageSize{640, 320}));
  EXPECT_EQ(parsed->resample, Resample::kPillow);
  EXPECT_EQ(parsed->rescale, 0.5f);
  EXPECT_EQ(parsed->mean, (std::array<float, 3>{1, 2, 3}));
  EXPECT_EQ(parsed->std, (std::array<float, 3>{4, 5, 6}));
  EXPECT_TRUE(parsed->reduce_zero_label);
}

TEST(PreprocessorConfig, ReadsTheOlderForm) {
  const auto parsed = ParsePreprocessorConfig(R"({
    "feature_extractor_type": "SegformerFeatureExtractor", "do_resize": true, "size": 640, "resample": 2,
    "do_normalize": true, "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225],
    "reduce_labels": true})");
  ASSERT_TRUE(parsed.ok()) << parsed.status().message();
  EXPECT_EQ(parsed->size, (ImageSize{640, 640}));
  EXPECT_EQ(parsed->rescale, 1.0f / 255.0f);
  EXPECT_TRUE(parsed->reduce_zero_label);
}

TEST(PreprocessorConfig, StepsThatAreOffDoNothing) {
  const auto parsed =
      ParsePreprocessorConfig(R"({"do_resize": false, "do_rescale": false, "do_normalize": false})");
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->size, std::nullopt);
  EXPECT_EQ(parsed->rescale, 1.0f);
  EXPECT_EQ(parsed->mean, (std::array<float, 3>{0, 0, 0}));
  EXPECT_EQ(parsed->std, (std::array<float, 3>{1, 1, 1}));
}

TEST(PreprocessorConfig, SaysWhatItCannotDo) {
  struct Case {
    const char* json;
    StatusCode code;
    const char* words;
  };
  for (const Case& c : {
           Case{"", StatusCode::kInvalidInput, "broken JSON"},
           Case{"[1]", StatusCode::kInvalidInput, "JSON object, got array"},
           Case{R"({"resample": 3})", StatusCode::kUnsupported, "\"resample\": expected 2 (bilinear), got 3"},
           Case{R"({"size": {"shortest_edge": 512}})", StatusCode::kUnsupported, "shortest_edge"},
           Case{R"({"size": {"height": 512}})", StatusCode::kInvalidInput, "\"size\""},
           Case{R"({"size": 0})", StatusCode::kInvalidInput, "got 0"},
           Case{R"({"size": 1e9})", StatusCode::kInvalidInput, "\"size\""},
           Case{R"({"size": 18446744073709551615})", StatusCode::kInvalidInput, "\"size\""},
           Case{R"({"image_std": [1, 0, 1]})", StatusCode::kInvalidInput, "image_std"},
           Case{R"({"image_mean": [1, 2]})", StatusCode::kInvalidInput, "image_mean"},
           Case{R"({"rescale_factor": 1e300})", StatusCode::kInvalidInput, "rescale_factor"},
           Case{R"({"do_resize": 1})", StatusCode::kInvalidInput, "do_resize"},
           Case{R"({"do_center_crop": true})", StatusCode::kUnsupported, "do_center_crop"},
       }) {
    const Status status = ParsePreprocessorConfig(c.json).status();
    EXPECT_EQ(status.code(), c.code) << c.json;
    EXPECT_THAT(status.message(), HasSubstr(c.words)) << c.json;
  }
}

TEST(PreprocessorConfig, SurvivesDeepNesting) {
  const std::string deep = R"({"size": )" + std::string(200'000, '[') + std::string(200'000, ']') + "}";
  EXPECT_FALSE(ParsePreprocessorConfig(deep).ok());
}

}  // namespace
}  // namespace segforge
