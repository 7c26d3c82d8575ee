#include "eval/dataset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/file.h"
#include "image/encode.h"

namespace segforge {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class DatasetTest : public testing::Test {
 protected:
  DatasetTest() {
    std::string name = (fs::temp_directory_path() / "segforge-dataset.XXXXXX").string();
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    top_ = name;
  }
  ~DatasetTest() override {
    std::error_code ignored;
    fs::remove_all(top_, ignored);
  }
  void Write(const std::string& name, const std::string& text = "x") const {
    fs::create_directories((top_ / name).parent_path());
    std::ofstream(top_ / name) << text;
  }
  void WriteLabels(const std::string& name, const std::vector<uint8_t>& labels) const {
    fs::create_directories((top_ / name).parent_path());
    const Shape shape = {1, static_cast<int64_t>(labels.size())};
    const auto png = EncodeLabelsPng({labels.data(), DType::kU8, shape}, {});
    ASSERT_TRUE(png.ok());
    ASSERT_TRUE(WriteFileAtomically(top_ / name, *png).ok());
  }
  Dataset Open(const DatasetQuery& query = {}) const {
    auto dataset = OpenDataset(top_, query);
    EXPECT_TRUE(dataset.ok()) << dataset.status().message();
    return std::move(dataset).value();
  }
  std::string ErrorOf(const fs::path& path, const DatasetQuery& query = {}) const {
    const auto dataset = OpenDataset(path, query);
    EXPECT_FALSE(dataset.ok());
    return dataset.ok() ? "" : dataset.status().message();
  }

  fs::path top_;
};

TEST_F(DatasetTest, PairsAreSortedAndLabelsAreNoImages) {
  for (const char* name : {"b.png", "a.jpg", "notes.txt"}) Write(name);
  WriteLabels("a.label.png", {1, 2});
  WriteLabels("b.label.png", {3, 255});
  const Dataset dataset = Open();
  EXPECT_EQ(dataset.layout, Layout::kPairs);
  ASSERT_EQ(dataset.samples.size(), 2U);
  EXPECT_EQ(dataset.samples[0].image.filename(), "a.jpg");
  EXPECT_EQ(ReadTruth(dataset.samples[1], 255)->labels, (std::vector<uint16_t>{3, 255}));
}

TEST_F(DatasetTest, CityscapesPrefersTrainIdsAndMapsIds) {
  Write("leftImg8bit/val/ulm/ulm_0_leftImg8bit.png");
  Write("leftImg8bit/val/aachen/aachen_0_leftImg8bit.png");
  WriteLabels("gtFine/val/ulm/ulm_0_gtFine_labelTrainIds.png", {0, 18, 255});
  WriteLabels("gtFine/val/ulm/ulm_0_gtFine_labelIds.png", {9, 9, 9});
  WriteLabels("gtFine/val/aachen/aachen_0_gtFine_labelIds.png", {7, 33, 0, 6, 11, 19, 29, 255});
  const Dataset dataset = Open();
  EXPECT_EQ(dataset.layout, Layout::kCityscapes);
  ASSERT_EQ(dataset.samples.size(), 2U);
  EXPECT_EQ(ReadTruth(dataset.samples[0], 77)->labels,
            (std::vector<uint16_t>{0, 18, 77, 77, 2, 6, 77, 77}));  // aachen
  EXPECT_EQ(ReadTruth(dataset.samples[1], 255)->labels, (std::vector<uint16_t>{0, 18, 255}));
}

TEST_F(DatasetTest, CityscapesHasNineteenClassesAndNoOtherIds) {
  std::vector<uint16_t> seen;
  LabelImage ids = {1, 34, {}};
  for (uint16_t id = 0; id < 34; ++id) ids.labels.push_back(id);
  ASSERT_TRUE(ApplyRule(LabelRule::kCityscapesIds, 255, ids).ok());
  for (const uint16_t label : ids.labels) {
    if (label != 255) seen.push_back(label);
  }
  ASSERT_EQ(seen.size(), 19U);
  for (uint16_t c = 0; c < 19; ++c) EXPECT_EQ(seen[c], c);
  LabelImage bad = {1, 1, {34}};
  EXPECT_THAT(ApplyRule(LabelRule::kCityscapesIds, 255, bad).message(), HasSubstr("got 34"));
}

TEST_F(DatasetTest, Ade20kReducesZero) {
  Write("images/validation/ADE_val_00000001.jpg");
  Write("images/training/ADE_train_00000001.jpg");
  WriteLabels("annotations/validation/ADE_val_00000001.png", {0, 1, 150, 255});
  WriteLabels("annotations/training/ADE_train_00000001.png", {5});
  const Dataset dataset = Open();
  EXPECT_EQ(dataset.layout, Layout::kAde20k);
  ASSERT_EQ(dataset.samples.size(), 1U);
  EXPECT_EQ(ReadTruth(dataset.samples[0], 255)->labels, (std::vector<uint16_t>{255, 0, 149, 255}));
  EXPECT_EQ(ReadTruth(Open({{}, "training"}).samples.at(0), 255)->labels, (std::vector<uint16_t>{4}));
}

TEST_F(DatasetTest, AListKeepsItsOrder) {
  Write("z.png");
  Write("sub/a.png");
  WriteLabels("z.labels.png", {1});
  WriteLabels("sub/a.labels.png", {2});
  Write("list.txt", "# images of May\nz.png\tz.labels.png\r\n\nsub/a.png\tsub/a.labels.png");
  const auto dataset = OpenDataset(top_ / "list.txt", {});
  ASSERT_TRUE(dataset.ok()) << dataset.status().message();
  EXPECT_EQ(dataset->layout, Layout::kList);
  ASSERT_EQ(dataset->samples.size(), 2U);
  EXPECT_EQ(dataset->samples[0].image, top_ / "z.png");
  EXPECT_EQ(ReadTruth(dataset->samples[1], 255)->labels, (std::vector<uint16_t>{2}));
}

TEST_F(DatasetTest, WhatIsMissingIsNamed) {
  EXPECT_THAT(ErrorOf(top_ / "gone"), HasSubstr("gone: there is no such folder or file"));
  EXPECT_THAT(ErrorOf(top_), HasSubstr("expected images laid out as pairs, found none"));
  Write("a.png");
  EXPECT_THAT(ErrorOf(top_), HasSubstr("a.png: no label file: expected " + (top_ / "a.label.png").string()));
  EXPECT_THAT(ErrorOf(top_, {{}, "val"}), HasSubstr("split val"));
  Write("list.txt", "a.png b.png\n");
  EXPECT_THAT(ErrorOf(top_ / "list.txt"), HasSubstr("list.txt: line 1: expected IMAGE, a tab, LABELS"));
  Write("list.txt", "a.png\tgone.png\n");
  EXPECT_THAT(ErrorOf(top_ / "list.txt"), HasSubstr("gone.png"));
  Write("binary.txt", std::string("\0\1\2", 3));
  EXPECT_THAT(ErrorOf(top_ / "binary.txt"), HasSubstr("expected a folder, or a text file"));
  Write("leftImg8bit/val/ulm/ulm_0_leftImg8bit.png");
  EXPECT_THAT(ErrorOf(top_), HasSubstr("ulm_0_gtFine_labelTrainIds.png or _labelIds.png"));
  EXPECT_THAT(ErrorOf(top_, {{}, "test"}), HasSubstr("cannot list the folder"));
}

TEST_F(DatasetTest, ALabelFileThatIsNoLabelsIsNamed) {
  Write("a.png");
  Write("a.label.png", "hello");
  EXPECT_THAT(ReadTruth(Open().samples.at(0), 255).status().message(),
              HasSubstr("a.label.png: labels: expected a PNG"));
}

}  // namespace
}  // namespace segforge
