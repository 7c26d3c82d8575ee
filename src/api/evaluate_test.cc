#include "segforge/evaluate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "formats/npy.h"
#include "segforge/files.h"

namespace segforge {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr const char* kGolden = SEGFORGE_SOURCE_DIR "/tests/data/golden/scene_7005";

template <typename Work>
std::string ErrorOf(const Work& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  ADD_FAILURE() << "expected an error";
  return "";
}

Segmentation MapOf(int64_t height, int64_t width, std::vector<uint8_t> labels) {
  Segmentation result;
  result.height = height;
  result.width = width;
  result.labels8 = std::move(labels);
  return result;
}

class StoredTest : public testing::Test {
 protected:
  StoredTest() {
    std::string name = (fs::temp_directory_path() / "segforge-stored.XXXXXX").string();
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    top_ = name;
  }
  ~StoredTest() override {
    std::error_code ignored;
    fs::remove_all(top_, ignored);
  }
  template <typename T>
  std::string Store(const Shape& shape, const std::vector<T>& values) const {
    std::string path = (top_ / "array.npy").string();
    WriteBytes(path, EncodeNpy({values.data(), kDTypeOf<T>, shape}));
    return path;
  }

  fs::path top_;
};

TEST_F(StoredTest, LabelsFollowFromLogits) {
  const std::string stem = kGolden;
  const Segmentation stored = LoadSegmentation(stem + ".labels.npy", "", 97, 131, 11);
  const Segmentation derived = LoadSegmentation("", stem + ".logits.npy", 97, 131, 11);
  EXPECT_EQ(derived.labels8, stored.labels8);
  Comparison comparison(11);
  const Difference difference = comparison.Add(derived, stored);
  EXPECT_EQ(difference.flipped, 0);
  EXPECT_FALSE(difference.logits.has_value());
  EXPECT_EQ(NpyAxes(stem + ".logits.npy"), 3);
}

TEST_F(StoredTest, IntegersOfAnyWidthAreLabels) {
  for (const std::string& path : {Store<int64_t>({1, 2}, {3, 4}), Store<int32_t>({1, 2}, {3, 4}),
                                  Store<uint16_t>({1, 2}, {3, 4}), Store<uint8_t>({1, 2}, {3, 4})}) {
    EXPECT_EQ(LoadSegmentation(path, "", 1, 2, 5).labels8, (std::vector<uint8_t>{3, 4}));
  }
  EXPECT_EQ(LoadSegmentation(Store<int64_t>({1, 1}, {299}), "", 1, 1, 300).labels16.at(0), 299);
}

TEST_F(StoredTest, OtherArraysAreRefused) {
  const auto labels = [](const std::string& path) {
    return ErrorOf([&] { LoadSegmentation(path, "", 1, 2, 5); });
  };
  EXPECT_THAT(labels(Store<int64_t>({1, 2}, {3, 5})), HasSubstr("array.npy: expected labels 0 to 4, got 5"));
  EXPECT_THAT(labels(Store<int64_t>({1, 2}, {-1, 0})), HasSubstr("got -1"));
  EXPECT_THAT(labels(Store<uint8_t>({2, 1}, {1, 1})), HasSubstr("labels: expected [1, 2], got [2, 1]"));
  EXPECT_THAT(labels(Store<float>({1, 2}, {1, 1})), HasSubstr("expected u8, u16, i32 or i64, got f32"));
  EXPECT_THAT(labels((top_ / "gone.npy").string()), HasSubstr("gone.npy"));
  const auto logits = [](const std::string& path) {
    return ErrorOf([&] { LoadSegmentation("", path, 8, 8, 5); });
  };
  EXPECT_THAT(logits(Store<float>({4, 1, 1}, {1, 2, 3, 4})), HasSubstr("expected floats [5, height, width]"));
  EXPECT_THAT(logits(Store<int32_t>({5, 1, 1}, {1, 2, 3, 4, 5})), HasSubstr("got i32"));
  EXPECT_THAT(logits(Store<float>({5, 0, 1}, {})), HasSubstr("got f32 [5, 0, 1]"));
  EXPECT_THAT(ErrorOf([] { LoadSegmentation("", "", 8, 8, 5); }), HasSubstr("labels or logits"));
}

TEST_F(StoredTest, TheDigestTellsFilesApart) {
  const auto write = [&](const std::string& name, const std::string& text) {
    std::ofstream(top_ / name) << text;
  };
  for (const std::string name : {"a", "b"}) {
    write(name + ".png", "image");
    write(name + ".label.png", "labels");
  }
  const std::string both = LabeledImages(top_.string()).Digest(2);
  const std::string first = LabeledImages(top_.string()).Digest(1);
  EXPECT_NE(both, first);
  write("b.label.png", "other labels");
  EXPECT_NE(LabeledImages(top_.string()).Digest(2), both);
  EXPECT_EQ(LabeledImages(top_.string()).Digest(1), first);
  DatasetOptions reduced;
  reduced.reduce_zero_label = true;
  EXPECT_NE(LabeledImages(top_.string(), reduced).Digest(1), first);
}

TEST(Evaluation, GoesOnWhereItWasSaved) {
  const Segmentation prediction = MapOf(2, 3, {0, 1, 2, 0, 1, 1});
  const GroundTruth truth = {2, 3, {0, 1, 1, 2, 1, 255}};
  Evaluation whole(3);
  Evaluation first(3);
  for (int i = 0; i < 3; ++i) whole.Add(prediction, truth);
  first.Add(prediction, truth);
  Evaluation rest(3);
  rest.Restore(first.Save());
  rest.Add(prediction, truth);
  rest.Add(prediction, truth);
  EXPECT_EQ(rest.Save(), whole.Save());
  EXPECT_EQ(rest.Total().images, 3);
}

TEST(Evaluation, RestoreRefusesWhatIsNotItsOwn) {
  Evaluation evaluation(3);
  const std::string saved = evaluation.Save();
  EXPECT_THAT(ErrorOf([&] { Evaluation(4).Restore(saved); }), HasSubstr("same classes and options"));
  EXPECT_THAT(ErrorOf([&] { Evaluation(3, {0, 3}).Restore(saved); }), HasSubstr("same classes and options"));
  for (const std::string& text :
       {std::string(), std::string("[]"), std::string("{\"classes\":3}"), saved + "x"})
    EXPECT_THAT(ErrorOf([&] { evaluation.Restore(text); }), HasSubstr("saved evaluation"));
  EXPECT_EQ(evaluation.Save(), saved);
}

TEST(Evaluation, OptionsAndSizesAreChecked) {
  EXPECT_THAT(ErrorOf([] { Evaluation(0); }), HasSubstr("classes"));
  EXPECT_THAT(ErrorOf([] { Evaluation(3, {-1, 3}); }), HasSubstr("ignore"));
  EXPECT_THAT(ErrorOf([] { Evaluation(3, {255, 101}); }), HasSubstr("boundary tolerance"));
  Evaluation evaluation(3);
  EXPECT_THAT(ErrorOf([&] {
                evaluation.Add(MapOf(2, 2, {0, 0, 0}), {2, 2, {0, 0, 0, 0}});
              }),
              HasSubstr("got 3"));
  EXPECT_THAT(ErrorOf([&] { evaluation.Add(MapOf(1, 2, {0, 0}), {2, 1, {0, 0, 0}}); }), HasSubstr("got 3"));
  EXPECT_EQ(evaluation.Total().images, 0);
  EXPECT_EQ(evaluation.Total().mean_iou, 0);
}

TEST(Evaluation, ConfusionsAreDrawnByTheShareOfTheTrueClass) {
  const RgbImage plot = DecodeImage(EncodeConfusionPng({4, 0, 0, 0}));
  ASSERT_EQ(plot.width, 2 * 48 + 1);
  const auto pixel = [&](int64_t y, int64_t x) {
    return plot.pixels[static_cast<size_t>(y * plot.width + x) * 3];
  };
  EXPECT_EQ(pixel(24, 24), 8);    // all of class 0 found: dark
  EXPECT_EQ(pixel(24, 72), 255);  // none taken for class 1: white
  EXPECT_EQ(pixel(72, 24), 224);  // class 1 does not occur: grey
  EXPECT_THAT(ErrorOf([] { EncodeConfusionPng({1, 2, 3}); }), HasSubstr("expected 4 counts, got 3"));
}

}  // namespace
}  // namespace segforge
