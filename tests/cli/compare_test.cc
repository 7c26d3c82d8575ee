// `segforge compare`: verdicts, what it writes, what it refuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>

#include "program.h"
#include "segforge/files.h"

namespace segforge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Json = nlohmann::json;

// Labels and logits of an image under its name, as an earlier version might have stored them.
void Store(const Workspace& workspace, const std::string& image) {
  const std::vector<std::string> words = {"segment",
                                          image + ".png",
                                          "-o",
                                          "stored/" + image + ".labels.npy",
                                          "--save-logits",
                                          "stored/" + image + ".logits.npy"};
  ASSERT_EQ(workspace.Run(words).code, 0);
}

TEST(Compare, AModelAgreesWithItselfAndNearlyWithTheReferenceBackend) {
  Workspace workspace;
  workspace.WriteImage("a.png", 48, 64);
  const Outcome same = workspace.Run({"compare", "street-b0", "--against", "street-b0", "a.png", "--json"});
  ASSERT_EQ(same.code, 0) << same.err;
  const Json report = Json::parse(same.out);
  EXPECT_EQ(report.at("summary").at("a0"), 0);
  EXPECT_EQ(report.at("summary").at("logits").at("r0"), 0);
  EXPECT_EQ(report.at("summary").at("mean_iou"), 1);

  const Outcome ref = workspace.Run({"compare", "a.png", "--against", "street-b0", "--reference-device",
                                     "ref", "--reference-disable-pass", "all", "--json"});
  ASSERT_EQ(ref.code, 0) << ref.err;
  const Json logits = Json::parse(ref.out).at("images").at(0).at("logits");
  EXPECT_GT(logits.at("max_error").get<double>(), 0);
  EXPECT_LT(logits.at("r0").get<double>(), 1e-4);
  EXPECT_GT(logits.at("cosine").get<double>(), 0.99999);
}

TEST(Compare, BadExitsWithOne) {
  Workspace workspace;
  workspace.WriteImage("a.png", 48, 64);
  const Outcome run = workspace.Run({"compare", "a.png", "--against", "street-b0", "--reference-device",
                                     "ref", "--reference-disable-pass", "all", "--max-r0", "0"});
  EXPECT_EQ(run.code, 1);
  EXPECT_EQ(run.err, "");
  EXPECT_THAT(run.out, HasSubstr("bs |  lt (ms) | tp (img/s) |       a0 |       r0 | Good/Bad | image"));
  EXPECT_THAT(run.out, HasSubstr("| Bad      | a.png"));
}

TEST(Compare, StoredResultsServeAsTheReference) {
  Workspace workspace;
  workspace.WriteImage("a.png", 48, 64);
  Store(workspace, "a");
  EXPECT_EQ(workspace.Run({"compare", "a.png", "--against", "stored"}).code, 0);
  // NAME.npy: logits by their three axes, labels by their two.
  workspace.Write("logits/a.npy", workspace.Read("stored/a.logits.npy"));
  EXPECT_EQ(workspace.Run({"compare", "a.png", "--against", "logits"}).code, 0);
  workspace.Write("labels/a.npy", workspace.Read("stored/a.labels.npy"));
  const Outcome labels = workspace.Run({"compare", "a.png", "--against", "labels", "--json"});
  EXPECT_EQ(labels.code, 0) << labels.err;
  EXPECT_FALSE(Json::parse(labels.out).at("summary").contains("logits"));
}

// Where ONNX Runtime is not installed, $SEGFORGE_ONNXRUNTIME names its library.
TEST(Compare, AgreesWithOnnxRuntime) {
  const char* set = std::getenv("SEGFORGE_SHARED");
  const std::filesystem::path shared = set != nullptr ? set : SEGFORGE_SOURCE_DIR "/../shared";
  const std::string model = (shared / "models/b0.hf.op12.onnx").string();
  if (!std::filesystem::exists(model)) GTEST_SKIP() << "no shared model: " << model;
  Workspace workspace;
  workspace.WriteImage("a.png", 80, 96);
  const Outcome run = workspace.Run({"compare", "a.png", "--against", model, "--json"});
  if (run.err.find("cannot be loaded") != std::string::npos) GTEST_SKIP() << run.err;
  ASSERT_EQ(run.code, 0) << run.err;
  const Json logits = Json::parse(run.out).at("summary").at("logits");
  EXPECT_GT(logits.at("max_error").get<double>(), 0);
  EXPECT_LT(logits.at("r0").get<double>(), 1e-4);
  EXPECT_GT(logits.at("cosine").get<double>(), 0.99999);
  workspace.Write("text.onnx", "hello");
  EXPECT_THAT(workspace.Run({"compare", "a.png", "--against", "text.onnx"}).err,
              HasSubstr("text.onnx: ONNX Runtime: "));
}

// An export with mmseg's labels as its output, which takes images of 1024x1024 alone.
TEST(Compare, AgreesWithTheLabelsOfAnOnnxFile) {
  const char* set = std::getenv("SEGFORGE_SHARED");
  const std::filesystem::path shared = set != nullptr ? set : SEGFORGE_SOURCE_DIR "/../shared";
  const std::string model = (shared / "models/b0.mmseg.op11.1024.onnx").string();
  if (!std::filesystem::exists(model)) GTEST_SKIP() << "no shared model: " << model;
  Workspace workspace;
  workspace.WriteImage("a.png", 300, 400);
  const Outcome run = workspace.Run({"compare", "a.png", "--against", model, "--heatmap", "maps", "--json"});
  if (run.err.find("cannot be loaded") != std::string::npos) GTEST_SKIP() << run.err;
  ASSERT_EQ(run.code, 0) << run.err;
  const Json report = Json::parse(run.out);
  EXPECT_THAT(report.at("reference"), HasSubstr("1024x1024 alone"));
  EXPECT_EQ(report.at("summary").at("pixels"), 1024 * 1024);
  EXPECT_LT(report.at("summary").at("a0"), 1e-4);
  EXPECT_FALSE(report.at("summary").contains("logits"));
  EXPECT_EQ(LoadImage(workspace.path("maps/a.diff.png")).width, 1024);
  const Outcome refused = workspace.Run({"compare", "a.png", "--against", model, "--size", "512x512"});
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("takes images of 1024x1024 alone, got a size of 512x512"));
}

TEST(Compare, FlippedLabelsAreCountedAndDrawn) {
  Workspace workspace;
  workspace.WriteImage("a.png", 48, 64);
  Store(workspace, "a");
  std::string labels = workspace.Read("stored/a.labels.npy");
  for (size_t i = labels.size() - 3; i < labels.size(); ++i)
    labels[i] = labels[i] == 0 ? 1 : 0;  // the last 3
  workspace.Write("stored/a.labels.npy", labels);
  const Outcome run = workspace.Run(
      {"compare", "a.png", "--against", "stored", "--heatmap", "maps", "--max-a0", "0", "--json"});
  EXPECT_EQ(run.code, 1) << run.err;
  const Json summary = Json::parse(run.out).at("summary");
  EXPECT_EQ(summary.at("flipped"), 3);
  EXPECT_EQ(summary.at("border").at("flipped").get<int>() + summary.at("inside").at("flipped").get<int>(), 3);
  EXPECT_TRUE(summary.contains("flipped_margin"));
  const RgbImage map = LoadImage(workspace.path("maps/a.diff.png"));
  ASSERT_EQ(map.width, 64);
  int red = 0;
  for (size_t i = 0; i < map.pixels.size(); i += 3) red += map.pixels[i + 1] == 0 ? 1 : 0;
  EXPECT_EQ(red, 3);
}

// street-b0 with one weight of a layer changed.
void WriteDamagedModel(const Workspace& workspace, const std::string& folder, const std::string& tensor) {
  std::filesystem::copy(SEGFORGE_SOURCE_DIR "/models/street-b0", workspace.path(folder));
  std::string bytes = workspace.Read(folder + "/model.safetensors");
  uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, bytes.data(), sizeof(header_bytes));
  const Json header = Json::parse(bytes.substr(8, header_bytes));
  ASSERT_EQ(header.at(tensor).at("dtype"), "F16");
  const uint16_t kHundred = 0x5640;  // in binary16
  std::memcpy(&bytes[8 + header_bytes + header.at(tensor).at("data_offsets").at(0).get<size_t>()], &kHundred,
              sizeof(kHundred));
  std::filesystem::remove(workspace.path(folder + "/model.safetensors"));
  workspace.Write(folder + "/model.safetensors", bytes);
}

TEST(Compare, LayersFindTheOneThatDiffers) {
  Workspace workspace;
  workspace.WriteImage("a.png", 48, 64);
  WriteDamagedModel(workspace, "damaged", "segformer.encoder.block.2.0.attention.output.dense.bias");
  const Outcome same =
      workspace.Run({"compare", "a.png", "--against", "street-b0", "--reference-device", "ref", "--layers"});
  EXPECT_EQ(same.code, 0) << same.err;
  EXPECT_THAT(same.out, HasSubstr("no layer's error jumps"));
  const Outcome run =
      workspace.Run({"compare", "damaged", "--against", "street-b0", "a.png", "--layers", "--json"});
  EXPECT_EQ(run.code, 1) << run.err;
  const Json report = Json::parse(run.out).at(0);
  EXPECT_EQ(report.at("first_jump"), "stage3.block0.attention.proj");
  EXPECT_EQ(report.at("unmatched_steps"), 0);
  workspace.Write("stored/a.npy", "");
  EXPECT_EQ(workspace.Run({"compare", "a.png", "--against", "stored", "--layers"}).code, 2);
}

TEST(Compare, LayersAreMatchedAcrossDifferentRewrites) {
  Workspace workspace;
  workspace.WriteImage("a.png", 48, 64);
  const std::vector<std::string> words = {"compare", "a.png", "--against", "street-b0", "--layers", "--json"};
  const auto layers = [&](std::vector<std::string> more) {
    more.insert(more.begin(), words.begin(), words.end());
    const Outcome run = workspace.Run(more);
    EXPECT_EQ(run.code, 0) << run.err;
    return Json::parse(run.out).at(0);
  };
  const Json without = layers({"--disable-pass", "fuse-mix-ffn"});
  EXPECT_GT(without.at("unmatched_steps"), 0);
  EXPECT_GE(without.at("layers").size(), 50U);
  EXPECT_EQ(without.at("layers").back().at("name"), "head.classifier");
  EXPECT_EQ(layers({"--disable-pass", "all", "--reference-disable-pass", "all"}).at("unmatched_steps"), 0);
}

TEST(Compare, MistakesAreNamedAndOtherImagesStillCompared) {
  Workspace workspace;
  workspace.WriteImage("in/a.png", 48, 64);
  workspace.WriteImage("in/b.png", 48, 64);
  workspace.Write("in/a.label.png", "true labels, which are no image");
  const auto refusal = [&](const std::vector<std::string>& words) {
    const Outcome run = workspace.Run(words);
    EXPECT_EQ(run.code, 2);
    return run.err;
  };
  EXPECT_THAT(refusal({"compare", "in"}), HasSubstr("--against"));
  EXPECT_THAT(refusal({"compare", "street-b0", "--against", "street-b0"}), HasSubstr("INPUT"));
  EXPECT_THAT(refusal({"compare", "in", "--against", "street-b0", "--precision", "int8"}),
              HasSubstr("precision \"int8\": expected fp32, tf32, fp16 or bf16; or auto"));
  EXPECT_THAT(refusal({"compare", "in", "--against", "street-b0", "--reference-precision", "bf16"}),
              HasSubstr("precision bf16: device cpu computes in fp32"));
  EXPECT_THAT(refusal({"compare", "in", "--against", "b0.onnx"}), HasSubstr("b0.onnx: ONNX Runtime: "));
  EXPECT_THAT(refusal({"compare", "in", "--against", "b0.onnx", "--layers"}), HasSubstr("got .onnx"));
  EXPECT_THAT(refusal({"compare", "in", "--against", "nobody"}), HasSubstr("nobody"));
  EXPECT_THAT(refusal({"compare", "in/gone.png", "--against", "street-b0"}), HasSubstr("in/gone.png"));
  EXPECT_THAT(refusal({"compare", "in", "--against", "street-b0", "--heatmap", "in/a.png"}),
              HasSubstr("in/a.png/a.diff.png: cannot write there"));
  workspace.Write("stored/b.npy", "hello");
  const Outcome run = workspace.Run({"compare", "in", "--against", "stored"});
  EXPECT_EQ(run.code, 2);
  EXPECT_THAT(run.err, HasSubstr("in/a.png: no stored result: expected stored/a.labels.npy"));
  EXPECT_THAT(run.err, HasSubstr("stored/b.npy: "));
  EXPECT_THAT(workspace.Files(), ElementsAre("in/a.label.png", "in/a.png", "in/b.png", "stored/b.npy"));
}

}  // namespace
}  // namespace segforge
