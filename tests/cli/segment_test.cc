// `segforge segment`: what it writes, where, and what it says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "formats/npy.h"
#include "program.h"
#include "segforge/files.h"

namespace segforge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using Json = nlohmann::json;

constexpr size_t kPngColorTypeAt = 25;  // signature, IHDR's length and name, width, height, bit depth
constexpr char kIndexed = 3;

Checkpoint ReadArray(const Workspace& workspace, const std::string& name) {
  auto array = OpenNpy(workspace.path(name));
  EXPECT_TRUE(array.ok()) << array.status().message();
  return std::move(array).value();
}

TEST(Segment, WritesAnIndexedPngIntoTheCurrentFolder) {
  Workspace workspace;
  workspace.WriteImage("photos/a.png", 64, 96);
  const Outcome run = workspace.Run({"segment", "photos/a.png"});
  ASSERT_EQ(run.code, 0) << run.err;
  EXPECT_EQ(run.err, "");
  EXPECT_THAT(workspace.Files(), ElementsAre("a.labels.png", "photos/a.png"));
  EXPECT_EQ(workspace.Read("a.labels.png").at(kPngColorTypeAt), kIndexed);
  EXPECT_THAT(run.out, StartsWith("SegFormer-B0 (Hugging Face), 11 classes, 3.7 M parameters"));
  EXPECT_THAT(run.out, HasSubstr("photos/a.png 96×64 → a.labels.png"));
}

TEST(Segment, LabelsAreThoseOfTheLibrary) {
  Workspace workspace;
  workspace.WriteImage("a.png", 75, 91);
  const Outcome run = workspace.Run({"segment", "a.png", "-o", "a.npy", "--save-logits", "logits.npy",
                                     "--confidence", "confidence.npy", "-t", "1"});
  ASSERT_EQ(run.code, 0) << run.err;
  SegmenterOptions options;
  options.threads = 1;
  const RgbImage image = LoadImage(workspace.path("a.png").string());
  const Segmentation expected = Segmenter("street-b0", options).Run(image.view(), {true, true});
  const Checkpoint labels = ReadArray(workspace, "a.npy");
  EXPECT_EQ(labels.tensors.front().tensor.shape, (Shape{75, 91}));
  EXPECT_TRUE(std::ranges::equal(labels.tensors.front().tensor.span<uint8_t>(), expected.labels8));
  const Checkpoint logits = ReadArray(workspace, "logits.npy");
  EXPECT_EQ(logits.tensors.front().tensor.shape, (Shape{11, 19, 23}));
  EXPECT_TRUE(std::ranges::equal(logits.tensors.front().tensor.span<float>(), expected.logits));
  const Checkpoint confidence = ReadArray(workspace, "confidence.npy");
  EXPECT_TRUE(std::ranges::equal(confidence.tensors.front().tensor.span<float>(), expected.confidence));
}

TEST(Segment, FormatsGoSideBySideIntoAFolder) {
  Workspace workspace;
  workspace.WriteImage("a.png", 64, 64);
  const Outcome run =
      workspace.Run({"segment", "-o", "out", "-f", "labels,overlay", "-f", "color,npy,json", "a.png"});
  ASSERT_EQ(run.code, 0) << run.err;
  EXPECT_THAT(workspace.Files(), ElementsAre("a.png", "out/a.areas.json", "out/a.color.png",
                                             "out/a.labels.npy", "out/a.labels.png", "out/a.overlay.png"));
  const Json areas = Json::parse(workspace.Read("out/a.areas.json"));
  int64_t pixels = 0;
  for (const Json& row : areas.at("classes")) pixels += row.at("pixels").get<int64_t>();
  EXPECT_EQ(pixels, 64 * 64);
}

TEST(Segment, AlphaWeighsTheColours) {
  Workspace workspace;
  workspace.WriteImage("a.png", 64, 64);
  const auto pixels = [&](const std::vector<std::string>& options, const std::string& name) {
    std::vector<std::string> words = {"segment", "a.png", "-o", name};
    words.insert(words.end(), options.begin(), options.end());
    const Outcome run = workspace.Run(words);
    EXPECT_EQ(run.code, 0) << run.err;
    return LoadImage(workspace.path(name).string()).pixels;
  };
  const auto color = pixels({"-f", "color"}, "color.png");
  EXPECT_EQ(pixels({"-f", "overlay", "--alpha", "1"}, "one.png"), color);
  EXPECT_EQ(pixels({"-f", "overlay", "--alpha", "0"}, "zero.png"),
            LoadImage(workspace.path("a.png").string()).pixels);
  EXPECT_NE(pixels({"-f", "overlay"}, "half.png"), color);
}

TEST(Segment, PaletteFileGivesTheColours) {
  Workspace workspace;
  workspace.WriteImage("a.png", 64, 64);
  std::string palette;
  for (int i = 0; i < 11; ++i) palette += std::to_string(200 + i) + " 1 2\n";
  workspace.Write("palette.txt", palette);
  const Outcome run =
      workspace.Run({"segment", "a.png", "-f", "color", "--palette", "palette.txt", "-o", "c.png"});
  ASSERT_EQ(run.code, 0) << run.err;
  const RgbImage image = LoadImage(workspace.path("c.png").string());
  for (size_t i = 0; i < image.pixels.size(); i += 3) {
    ASSERT_GE(image.pixels[i], 200);
    ASSERT_LE(image.pixels[i], 210);
    ASSERT_EQ(image.pixels[i + 1], 1);
    ASSERT_EQ(image.pixels[i + 2], 2);
  }
}

TEST(Segment, PaletteNamesTheClassesOfACheckpointWithoutNames) {
  Workspace workspace;
  workspace.WriteImage("a.png", 64, 64);
  std::filesystem::copy(SEGFORGE_SOURCE_DIR "/models/street-b0/model.safetensors",
                        workspace.path("bare.safetensors"));
  std::string palette;
  for (int i = 0; i < 11; ++i) palette += std::to_string(i) + " 0 0 thing" + std::to_string(i) + "\n";
  workspace.Write("palette.txt", palette);
  const auto first_name = [&](const std::vector<std::string>& options) {
    std::vector<std::string> words = {"segment", "a.png", "-m",     "bare.safetensors",
                                      "--json",  "-o",    "out.png"};
    words.insert(words.end(), options.begin(), options.end());
    const Outcome run = workspace.Run(words);
    EXPECT_EQ(run.code, 0) << run.err;
    return Json::parse(run.out).at("classes").at(0).at("name").get<std::string>();
  };
  EXPECT_EQ(first_name({}), "class 0");
  EXPECT_EQ(first_name({"--palette", "palette.txt"}), "thing0");
}

// Images of very different sizes, so that later ones are done before earlier ones.
TEST(Segment, ImagesAtOnceAreReportedInOrderAndGiveTheSameResults) {
  Workspace workspace;
  constexpr int kImages = 9;
  for (int i = 0; i < kImages; ++i) {
    workspace.WriteImage("in/" + std::to_string(i) + ".png", i % 3 == 0 ? 400 : 40, 64 + i);
  }
  workspace.Write("in/4.png", "not an image");
  const auto run = [&](const std::string& jobs, const std::string& out) {
    const Outcome outcome = workspace.Run({"segment", "in", "-t", jobs, "-j", jobs, "--json", "-o", out});
    EXPECT_EQ(outcome.code, 2);
    EXPECT_THAT(outcome.err, HasSubstr("in/4.png: not an image"));
    return outcome.out;
  };
  run("1", "one");
  std::istringstream lines(run("4", "four"));
  std::string line;
  for (int i = 0; i < kImages; ++i) {
    const std::string name = std::to_string(i) + ".png";
    ASSERT_TRUE(std::getline(lines, line));
    EXPECT_EQ(Json::parse(line).at("image"), "in/" + name);
    EXPECT_EQ(Json::parse(line).contains("error"), i == 4);
    if (i == 4) continue;
    EXPECT_EQ(workspace.Read("four/" + name), workspace.Read("one/" + name));
  }
}

TEST(Segment, LabelsFollowTheChosenConvention) {
  Workspace workspace;
  workspace.WriteImage("a.png", 64, 64);
  workspace.Write("map.json", "[10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 0, 1]");
  const auto labels = [&](std::vector<std::string> options, const std::string& name) {
    options.insert(options.begin(), {"segment", "a.png", "-o", name, "-q"});
    const Outcome run = workspace.Run(options);
    EXPECT_EQ(run.code, 0) << run.err;
    return ReadArray(workspace, name);
  };
  const Checkpoint plain = labels({}, "plain.npy");
  const Checkpoint zero = labels({"--reduce-zero-label"}, "zero.npy");
  workspace.Write("map.txt", "0 10\n1 11\n2 12\n3 13\n4 14\n5 15\n6 16\n7 17\n8 18\n9 19\n10 20\n");
  const Checkpoint mapped = labels({"--map", "map.txt"}, "mapped.npy");
  for (size_t i = 0; i < 64 * 64; ++i) {
    const int label = plain.tensors[0].tensor.span<uint8_t>()[i];
    ASSERT_EQ(zero.tensors[0].tensor.span<uint8_t>()[i], label + 1);
    ASSERT_EQ(mapped.tensors[0].tensor.span<uint8_t>()[i], label + 10);
  }
  const Outcome ids = workspace.Run({"segment", "a.png", "--label-ids"});
  EXPECT_EQ(ids.code, 2);
  EXPECT_THAT(ids.err, HasSubstr("expected a model of its 19 classes, got 11"));
  const Outcome wrong = workspace.Run({"segment", "a.png", "--map", "map.json"});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("map.json: label 11: expected one of the model's 0 to 10"));
}

TEST(Segment, TopClassesLieBesideTheResult) {
  Workspace workspace;
  workspace.WriteImage("a.png", 40, 50);
  const Outcome run =
      workspace.Run({"segment", "a.png", "-o", "out/", "--top-k", "3", "--reject-below", "0.9999", "--json"});
  ASSERT_EQ(run.code, 0) << run.err;
  EXPECT_THAT(workspace.Files(),
              ElementsAre("a.png", "out/a.png", "out/a.top-probabilities.npy", "out/a.top.npy"));
  EXPECT_EQ(ReadArray(workspace, "out/a.top.npy").tensors[0].tensor.shape, (Shape{3, 40, 50}));
  const Json report = Json::parse(run.out);
  int64_t pixels = report.at("rejected").at("pixels").get<int64_t>();
  EXPECT_GT(pixels, 0);
  for (const Json& row : report.at("classes")) pixels += row.at("pixels").get<int64_t>();
  EXPECT_EQ(pixels, 40 * 50);
}

TEST(Segment, TilesLargeImages) {
  Workspace workspace;
  workspace.WriteImage("a.png", 300, 200);
  const Outcome run = workspace.Run({"segment", "a.png", "-o", "a.npy", "--mode", "tile", "--tile", "128",
                                     "--overlap", "32", "--max-memory", "1GiB"});
  ASSERT_EQ(run.code, 0) << run.err;
  SegmenterOptions options;
  options.mode = InferenceMode::kTile;
  options.tile = 128;
  options.overlap = 32;
  const RgbImage image = LoadImage(workspace.path("a.png").string());
  const Segmentation expected = Segmenter("street-b0", options).Run(image.view());
  const Checkpoint labels = ReadArray(workspace, "a.npy");
  EXPECT_TRUE(std::ranges::equal(labels.tensors.front().tensor.span<uint8_t>(), expected.labels8));
  const Outcome refused = workspace.Run({"segment", "a.png", "--mode", "tile", "--max-memory", "1MiB"});
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("a.png: max memory: this image needs"));
}

TEST(Segment, WritesMasksAsJson) {
  Workspace workspace;
  workspace.WriteImage("a.png", 64, 64);
  const Outcome run = workspace.Run({"segment", "-o", "out", "-f", "json,rle,coco,geojson", "a.png"});
  ASSERT_EQ(run.code, 0) << run.err;
  EXPECT_THAT(workspace.Files(),
              ElementsAre("a.png", "out/a.areas.json", "out/a.coco.json", "out/a.geojson", "out/a.rle.json"));
  const auto rows = [&](const char* file, const char* key) {
    return Json::parse(workspace.Read(file)).at(key).get<std::vector<Json>>();
  };
  std::map<int, int64_t> areas, run_lengths, regions, features;
  for (const Json& row : rows("out/a.areas.json", "classes")) {
    if (row.at("pixels") > 0) areas[row.at("label")] = row.at("pixels");
  }
  for (const Json& row : rows("out/a.rle.json", "classes")) {
    const auto counts = row.at("counts").get<std::vector<int64_t>>();
    for (size_t i = 1; i < counts.size(); i += 2) run_lengths[row.at("label")] += counts[i];
  }
  for (const Json& row : rows("out/a.coco.json", "annotations")) {
    regions[row.at("category_id")] += row.at("area").get<int64_t>();
  }
  for (const Json& row : rows("out/a.geojson", "features")) {
    features[row.at("properties").at("label")] += row.at("properties").at("area").get<int64_t>();
  }
  EXPECT_EQ(run_lengths, areas);
  EXPECT_EQ(regions, areas);
  EXPECT_EQ(features, areas);
}

TEST(Segment, SlidesWindows) {
  Workspace workspace;
  workspace.WriteImage("a.png", 75, 150);
  const Outcome run = workspace.Run({"segment", "a.png", "-o", "a.npy", "--mode", "slide", "--crop", "64x80",
                                     "--stride", "40x60", "--save-logits", "logits.npy"});
  ASSERT_EQ(run.code, 0) << run.err;
  SegmenterOptions options;
  options.mode = InferenceMode::kSlide;
  options.crop_height = 64;
  options.crop_width = 80;
  options.stride_height = 40;
  options.stride_width = 60;
  const RgbImage image = LoadImage(workspace.path("a.png").string());
  const Segmentation expected = Segmenter("street-b0", options).Run(image.view());
  const Checkpoint labels = ReadArray(workspace, "a.npy");
  EXPECT_TRUE(std::ranges::equal(labels.tensors.front().tensor.span<uint8_t>(), expected.labels8));
  EXPECT_EQ(ReadArray(workspace, "logits.npy").tensors.front().tensor.shape, (Shape{11, 75, 150}));
}

TEST(Segment, StandardInputToStandardOutput) {
  Workspace workspace;
  workspace.WriteImage("a.png", 64, 64);
  const Outcome file = workspace.Run({"segment", "a.png", "-o", "labels.png"});
  ASSERT_EQ(file.code, 0) << file.err;
  for (const auto& options : {std::vector<std::string>{}, {"-o", "-"}}) {
    std::vector<std::string> words = {"segment", "-"};
    words.insert(words.end(), options.begin(), options.end());
    const Outcome run = workspace.Run(words, workspace.Read("a.png"));
    ASSERT_EQ(run.code, 0) << run.err;
    EXPECT_EQ(run.out, workspace.Read("labels.png"));
    EXPECT_THAT(run.err, HasSubstr("standard input 64×64 → standard output"));
  }
}

TEST(Segment, JsonIsOneDocumentAnImage) {
  Workspace workspace;
  workspace.WriteImage("in/a.png", 64, 80);
  workspace.Write("in/b.png", "no picture");
  const Outcome run = workspace.Run({"segment", "in", "--json"});
  EXPECT_EQ(run.code, 2);
  std::istringstream lines(run.out);
  std::string line;
  ASSERT_TRUE(std::getline(lines, line));
  const Json a = Json::parse(line);
  EXPECT_EQ(a.at("image"), "in/a.png");
  EXPECT_EQ(a.at("width"), 80);
  EXPECT_EQ(a.at("outputs"), Json({"segforge-out/a.png"}));
  double percent = 0;
  for (const Json& row : a.at("classes")) percent += row.at("percent").get<double>();
  EXPECT_NEAR(percent, 100, 1e-9);
  ASSERT_TRUE(std::getline(lines, line));
  EXPECT_EQ(Json::parse(line).at("image"), "in/b.png");
  EXPECT_TRUE(Json::parse(line).contains("error"));
  EXPECT_FALSE(std::getline(lines, line));
}

TEST(Segment, FolderRunGoesOnAfterAFailureAndCountsIt) {
  Workspace workspace;
  workspace.WriteImage("in/a.png", 64, 64);
  workspace.Write("in/b.jpg", "");
  workspace.WriteImage("in/c.PNG", 64, 64);
  workspace.Write("in/notes.txt", "not an image's name");
  workspace.WriteImage("in/deep/d.png", 64, 64);
  const Outcome run = workspace.Run({"segment", "in", "-o", "out"});
  EXPECT_EQ(run.code, 2);
  EXPECT_THAT(run.err, StartsWith("segforge: in/b.jpg: "));
  EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1) << run.err;
  EXPECT_THAT(run.out, HasSubstr("3 images: 2 segmented, 1 failed"));
  EXPECT_THAT(workspace.Files(), ElementsAre("in/a.png", "in/b.jpg", "in/c.PNG", "in/deep/d.png",
                                             "in/notes.txt", "out/a.png", "out/c.png"));
}

TEST(Segment, RecursiveRunMirrorsFoldersAndSkipsItsOwnOutput) {
  Workspace workspace;
  workspace.WriteImage("in/a.png", 64, 64);
  workspace.WriteImage("in/deep/er/b.png", 64, 64);
  for (int times = 0; times < 2; ++times) {
    const Outcome run = workspace.Run({"segment", "in", "-r", "-o", "in/out", "-q"});
    ASSERT_EQ(run.code, 0) << run.err;
    EXPECT_EQ(run.out, "");
    EXPECT_THAT(workspace.Files(),
                ElementsAre("in/a.png", "in/deep/er/b.png", "in/out/a.png", "in/out/deep/er/b.png"));
  }
}

TEST(Segment, LabelMapsBesideTheirImagesAreNoImages) {
  Workspace workspace;
  workspace.WriteImage("in/a.jpg", 64, 64);  // read by its bytes, whatever its name says
  workspace.WriteImage("in/a.label.png", 64, 64);
  workspace.WriteImage("in/deep/b.label.png", 64, 64);  // of no image
  const Outcome run = workspace.Run({"segment", "in", "-r", "-o", "out"});
  ASSERT_EQ(run.code, 0) << run.err;
  EXPECT_THAT(workspace.Files(), ElementsAre("in/a.jpg", "in/a.label.png", "in/deep/b.label.png", "out/a.png",
                                             "out/deep/b.label.png"));
}

TEST(Segment, EqualStemsKeepTheirExtensions) {
  Workspace workspace;
  workspace.WriteImage("in/a.png", 64, 64);
  workspace.WriteImage("in/a.jpg", 64, 64);  // read by its bytes, whatever its name says
  const Outcome run = workspace.Run({"segment", "in", "-o", "out"});
  ASSERT_EQ(run.code, 0) << run.err;
  EXPECT_THAT(workspace.Files(), ElementsAre("in/a.jpg", "in/a.png", "out/a.jpg.png", "out/a.png.png"));
}

TEST(Segment, ReplacesOldOutput) {
  Workspace workspace;
  workspace.WriteImage("a.png", 64, 64);
  workspace.Write("out.png", "old");
  const Outcome run = workspace.Run({"segment", "a.png", "-o", "out.png"});
  ASSERT_EQ(run.code, 0) << run.err;
  EXPECT_EQ(workspace.Read("out.png").substr(1, 3), "PNG");
}

TEST(Segment, PassesDoNotChangeLabels) {
  Workspace workspace;
  workspace.WriteImage("a.png", 96, 64);
  ASSERT_EQ(workspace.Run({"segment", "a.png", "-o", "on.npy"}).code, 0);
  const Outcome off = workspace.Run({"segment", "a.png", "-o", "off.npy", "--disable-pass", "all"});
  ASSERT_EQ(off.code, 0) << off.err;
  const Checkpoint a = ReadArray(workspace, "on.npy");
  const Checkpoint b = ReadArray(workspace, "off.npy");
  const auto on = a.tensors.front().tensor.span<uint8_t>();
  int different = 0;
  for (size_t i = 0; i < on.size(); ++i) different += on[i] != b.tensors.front().tensor.span<uint8_t>()[i];
  EXPECT_LE(different, 2);
}

}  // namespace
}  // namespace segforge
