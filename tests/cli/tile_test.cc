// `segforge segment --mode tile`: images and results a row of tiles at a time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "program.h"
#include "segforge/files.h"

namespace segforge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::vector<std::string> Tiled(std::vector<std::string> words) {
  std::vector<std::string> all = {"segment", "--mode", "tile", "--tile", "128", "--overlap", "32"};
  all.insert(all.end(), words.begin(), words.end());
  return all;
}

SegmenterOptions TileOptions() {
  SegmenterOptions options;
  options.mode = InferenceMode::kTile;
  options.tile = 128;
  options.overlap = 32;
  return options;
}

std::string Text(const FileBytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(Tile, EveryFileIsThatOfTheLibrary) {
  Workspace workspace;
  workspace.WriteImage("a.png", 300, 200);
  const Outcome run = workspace.Run(
      Tiled({"a.png", "-o", "out", "-f", "labels,overlay,color,npy,json,rle,coco,geojson",
             "--reduce-zero-label", "--top-k", "2", "--reject-below", "0.5", "--confidence", "c.npy"}));
  ASSERT_EQ(run.code, 0) << run.err;
  const RgbImage image = LoadImage(workspace.path("a.png").string());
  const Segmenter segmenter("street-b0", TileOptions());
  const ModelInfo& model = segmenter.info();
  Wanted wanted;
  wanted.confidence = true;
  wanted.top_k = 2;
  wanted.reject_below = 0.5;
  const Segmentation result = segmenter.Run(image.view(), wanted);
  const LabelMap map = ReducedZeroLabels(model);
  const LabelColors colors = LoadLabelColors("", model);
  const Segmentation mapped = MapLabels(result, map);
  const auto picture = [&](const std::string& png) {
    const auto* data = reinterpret_cast<const std::byte*>(png.data());
    return DecodeImage(FileBytes(data, data + png.size())).pixels;
  };
  EXPECT_EQ(picture(workspace.Read("out/a.labels.png")),
            picture(Text(EncodeLabelsPng(mapped, MapColors(colors, map)))));
  EXPECT_EQ(workspace.Read("out/a.labels.npy"), Text(EncodeLabelsNpy(mapped)));
  EXPECT_EQ(workspace.Read("out/a.overlay.png"), Text(EncodeOverlayPng(image.view(), result, colors, 0.5)));
  EXPECT_EQ(workspace.Read("out/a.color.png"), Text(EncodeColorPng(result, colors)));
  EXPECT_EQ(workspace.Read("out/a.rle.json"), Text(EncodeRunLengths(result, model)));
  EXPECT_EQ(workspace.Read("out/a.coco.json"), Text(EncodeCoco(result, model, "a.png")));
  EXPECT_EQ(workspace.Read("out/a.geojson"), Text(EncodeGeoJson(result, model)));
  EXPECT_EQ(workspace.Read("out/a.top.npy"), Text(EncodeTopLabelsNpy(result)));
  EXPECT_EQ(workspace.Read("out/a.top-probabilities.npy"), Text(EncodeTopProbabilitiesNpy(result)));
  EXPECT_EQ(workspace.Read("c.npy"), Text(EncodeConfidenceNpy(result)));
  EXPECT_THAT(workspace.Read("out/a.areas.json"), HasSubstr("\"rejected\""));
}

TEST(Tile, StandardInputToStandardOutput) {
  Workspace workspace;
  workspace.WriteImage("a.png", 200, 150);
  ASSERT_EQ(workspace.Run(Tiled({"a.png", "-o", "labels.png"})).code, 0);
  const Outcome run = workspace.Run(Tiled({"-"}), workspace.Read("a.png"));
  ASSERT_EQ(run.code, 0) << run.err;
  EXPECT_EQ(run.out, workspace.Read("labels.png"));
  EXPECT_THAT(run.err, HasSubstr("standard input 150×200 → standard output"));
}

TEST(Tile, WhatFailsOnTheWayLeavesNothing) {
  Workspace workspace;
  workspace.WriteImage("a.png", 600, 150);
  const std::string png = workspace.Read("a.png");
  workspace.Write("cut.png", png.substr(0, png.size() - 20));  // in the last row of tiles
  const auto expect = [&](const Outcome& run, const std::string& what) {
    EXPECT_EQ(run.code, 2);
    EXPECT_THAT(run.err, StartsWith("segforge: " + what));
    EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1) << run.err;
    EXPECT_THAT(workspace.Files(), ElementsAre("a.png", "cut.png"));
    EXPECT_FALSE(std::filesystem::exists(workspace.path("out")));
  };
  expect(workspace.Run(Tiled({"cut.png", "-o", "out/cut.png"})), "cut.png: the file is truncated");
  expect(workspace.Run(Tiled({"a.png", "-o", "out/a.png", "-f", "overlay"}), "", {.file_bytes = 9000}),
         "out/a.png: cannot write: ");
  expect(workspace.Run(Tiled({"a.png", "-o", "/dev/full"})), "/dev/full: cannot write: No space left");
  expect(workspace.Run(Tiled({"a.png", "--save-logits", "x.npy"})), "--save-logits: ");
}

TEST(Tile, AnInterruptLeavesNothing) {
  Workspace workspace;
  workspace.WriteImage("a.png", 1024, 1024);  // minutes of work on the reference backend
  const Outcome run = workspace.Run(Tiled({"a.png", "--device", "ref"}), "", {.interrupt_after_ms = 500});
  EXPECT_EQ(run.signal, SIGINT);
  EXPECT_THAT(workspace.Files(), ElementsAre("a.png"));
}

}  // namespace
}  // namespace segforge
