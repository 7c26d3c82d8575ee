// Scores over a data set against those of a pipeline that shares no code: tests/data/make_eval.py.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "segforge/evaluate.h"
#include "segforge/files.h"

namespace segforge {
namespace {

constexpr double kTolerance = 0.02 / 100;  // of shares: 0.02 points

std::filesystem::path InShared(const std::string& name) {
  const char* set = std::getenv("SEGFORGE_SHARED");
  const std::filesystem::path shared = set != nullptr ? set : SEGFORGE_SOURCE_DIR "/../shared";
  return shared / name;
}

nlohmann::json Expected() {
  std::ifstream file(SEGFORGE_SOURCE_DIR "/tests/data/eval/b0_camvid.json");
  return nlohmann::json::parse(file);
}

void CheckScores(NetworkSize size, const nlohmann::json& expected) {
  SegmenterOptions options;
  options.size = size;
  const Segmenter segmenter(InShared("models/b0-hf").string(), options);
  DatasetOptions data;
  data.ignore = 11;
  const LabeledImages images(InShared("camvid/test").string(), data);
  ASSERT_EQ(images.size(), 59U);
  Evaluation evaluation(segmenter.info().classes, {data.ignore, 3});
  for (size_t i = 0; i < images.size(); ++i)
    evaluation.Add(segmenter.Run(LoadImage(images.image(i)).view()), images.LoadLabels(i));
  const Quality quality = evaluation.Total();
  EXPECT_NEAR(quality.mean_iou, expected.at("mean_iou").get<double>(), kTolerance);
  EXPECT_NEAR(quality.pixel_accuracy, expected.at("pixel_accuracy").get<double>(), kTolerance);
  EXPECT_NEAR(quality.mean_accuracy, expected.at("mean_accuracy").get<double>(), kTolerance);
  const auto counts = expected.at("confusion").get<std::vector<std::vector<int64_t>>>();
  for (size_t truth = 0; truth < counts.size(); ++truth) {
    int64_t pixels = 0;
    int64_t expected_pixels = 0;
    for (size_t c = 0; c < counts.size(); ++c) {
      pixels += evaluation.confusion()[truth * counts.size() + c];
      expected_pixels += counts[truth][c];
    }
    EXPECT_EQ(pixels, expected_pixels) << truth;  // true pixels do not depend on the model
  }
}

class EvalGoldenTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(InShared("camvid/test")))
      GTEST_SKIP() << "no shared images: " << InShared("");
  }
};

TEST_F(EvalGoldenTest, WholeImagesScoreAsWithOnnxRuntime) {
  CheckScores(NetworkSize::kNative, Expected().at("native"));
}

TEST_F(EvalGoldenTest, ResizedImagesScoreAsWithOnnxRuntime) {
  CheckScores(NetworkSize::kFromConfig, Expected().at("from_config"));
}

}  // namespace
}  // namespace segforge
