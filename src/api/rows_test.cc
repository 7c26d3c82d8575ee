#include "segforge/rows.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

namespace segforge {
namespace {

namespace fs = std::filesystem;

constexpr const char* kModel = SEGFORGE_SOURCE_DIR "/models/street-b0";
constexpr const char* kImage = SEGFORGE_SOURCE_DIR "/models/street-b0/demo/street_day.jpg";

class RowsTest : public ::testing::Test {
 protected:
  RowsTest() {
    std::string name = testing::TempDir() + "rows_XXXXXX";
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  ~RowsTest() override { fs::remove_all(folder_); }

  static SegmenterOptions Tiled() {
    SegmenterOptions options;
    options.threads = 1;
    options.mode = InferenceMode::kTile;
    options.tile = 256;
    options.overlap = 32;
    return options;
  }
  std::string path(const char* name) const { return (folder_ / name).string(); }

  fs::path folder_;
};

TEST_F(RowsTest, EveryFileIsThatOfTheImageInMemory) {
  const Segmenter segmenter(kModel, Tiled());
  const RgbImage image = LoadImage(kImage);
  Wanted wanted;
  wanted.confidence = true;
  wanted.top_k = 2;
  wanted.reject_below = 0.7;
  const Segmentation whole = segmenter.Run(image.view(), wanted);
  const LabelColors colors = LoadLabelColors("camvid", segmenter.info());

  ImageRows rows(kImage);
  const int64_t height = rows.height(), width = rows.width();
  ASSERT_EQ(height, image.height);
  ASSERT_EQ(width, image.width);
  const std::string names[] = {path("labels.png"),     path("color.png"), path("overlay.png"),
                               path("labels.npy"),     path("conf.npy"),  path("deeper/top.npy"),
                               path("deeper/topp.npy")};
  std::vector<RowWriterPointer> writers;
  writers.push_back(LabelsPngRows(names[0], height, width, colors));
  writers.push_back(ColorPngRows(names[1], height, width, colors));
  writers.push_back(OverlayPngRows(names[2], height, width, colors, 0.25));
  writers.push_back(LabelsNpyRows(names[3], height, width));
  writers.push_back(ConfidenceNpyRows(names[4], height, width));
  writers.push_back(TopLabelsNpyRows(names[5], height, width));
  writers.push_back(TopProbabilitiesNpyRows(names[6], height, width));
  int64_t calls = 0;
  segmenter.RunRows(rows, wanted, 0, [&](const Segmentation& part, const RgbView& pixels) {
    ++calls;
    for (const RowWriterPointer& writer : writers) writer->Add(part, pixels);
  });
  EXPECT_GT(calls, 2);
  EXPECT_TRUE(fs::is_empty(folder_));
  for (const RowWriterPointer& writer : writers) writer->Commit();
  const FileBytes expected[] = {EncodeLabelsPng(whole, colors),
                                EncodeColorPng(whole, colors),
                                EncodeOverlayPng(image.view(), whole, colors, 0.25),
                                EncodeLabelsNpy(whole),
                                EncodeConfidenceNpy(whole),
                                EncodeTopLabelsNpy(whole),
                                EncodeTopProbabilitiesNpy(whole)};
  for (size_t i = 0; i < std::size(names); ++i) {
    EXPECT_TRUE(ReadBytes(names[i]) == expected[i]) << names[i];
  }
}

// Less memory than the image's pixels alone take.
TEST_F(RowsTest, MemoryIsThatOfARowOfTiles) {
  const std::string name = path("wide.png");
  const RgbImage image = {9000, 300, std::vector<uint8_t>(size_t{9000} * 300 * 3, 90)};
  Segmentation blank;
  blank.height = image.height;
  blank.width = image.width;
  blank.labels8.resize(size_t{9000} * 300);
  LabelColors grey;
  grey.rgb = {{90, 90, 90}};
  WriteBytes(name, EncodeColorPng(blank, grey));
  SegmenterOptions options = Tiled();
  options.max_memory_bytes = int64_t{7} << 20;
  const Segmenter segmenter(kModel, options);
  EXPECT_THROW(segmenter.Run(image.view()), Error);
  int64_t rows = 0;
  ImageRows source(name);
  segmenter.RunRows(source, {}, 0, [&](const Segmentation& part, const RgbView&) { rows += part.height; });
  EXPECT_EQ(rows, 9000);
  ImageRows again(name);
  EXPECT_THROW(segmenter.RunRows(again, {}, 7 << 20, [](const Segmentation&, const RgbView&) {}), Error);
}

TEST_F(RowsTest, WhatIsNotFinishedIsRefusedAndLeavesNothing) {
  {
    const RowWriterPointer writer = LabelsNpyRows(path("a.npy"), 4, 3);
    Segmentation rows;
    rows.height = 2;
    rows.width = 3;
    rows.labels8.resize(6);
    writer->Add(rows, {});
    EXPECT_THROW(writer->Commit(), Error);
    rows.width = 2;
    EXPECT_THROW(writer->Add(rows, {}), Error);
  }
  EXPECT_TRUE(fs::is_empty(folder_));
  {
    const RowWriterPointer overlay = OverlayPngRows(path("a.png"), 4, 3, {}, 0.5);
    Segmentation rows;
    rows.height = 2;
    rows.width = 3;
    rows.labels8.resize(6);
    EXPECT_THROW(overlay->Add(rows, {}), Error);
  }
  EXPECT_THROW(ImageRows("/nowhere.png"), Error);
  ImageRows image(kImage);
  EXPECT_THROW(Segmenter(kModel).RunRows(image, {}, 0, [](const Segmentation&, const RgbView&) {}), Error);
}

}  // namespace
}  // namespace segforge
