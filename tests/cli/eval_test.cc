// `segforge eval`: its numbers, its files, going on after an interruption.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "program.h"
#include "segforge/evaluate.h"
#include "segforge/files.h"

namespace segforge {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

constexpr int kHeight = 48;
constexpr int kWidth = 64;
constexpr int kVoid = 11;

// Images and true labels of all classes and void, which are not what the model will say.
void WritePairs(const Workspace& workspace, const std::string& folder, int count) {
  for (int n = 0; n < count; ++n) {
    const std::string name = folder + "/" + std::to_string(n);
    workspace.WriteImage(name + ".png", kHeight, kWidth + n);
    Segmentation truth;
    truth.height = kHeight;
    truth.width = kWidth + n;
    for (int64_t i = 0; i < truth.height * truth.width; ++i)
      truth.labels8.push_back(static_cast<uint8_t>((i / 7 + n) % (kVoid + 1)));
    WriteBytes(workspace.path(name + ".label.png").string(), EncodeLabelsPng(truth, {}));
  }
}

Json Evaluate(const Workspace& workspace, std::vector<std::string> words) {
  words.insert(words.begin(), {"eval", "street-b0", "--ignore", "11", "--json"});
  const Outcome run = workspace.Run(words);
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_EQ(run.err, "");
  return Json::parse(run.out, nullptr, false);
}

TEST(Eval, TheConfusionMatrixIsThatOfTheLabelsThatSegmentWrites) {
  Workspace workspace;
  WritePairs(workspace, "data", 3);
  std::vector<int64_t> expected(11 * 11);
  const Segmenter segmenter("street-b0");
  for (int n = 0; n < 3; ++n) {
    const std::string name = workspace.path("data/" + std::to_string(n)).string();
    const Segmentation result = segmenter.Run(LoadImage(name + ".png").view());
    for (int64_t i = 0; i < result.height * result.width; ++i) {
      const auto truth = static_cast<size_t>((i / 7 + n) % (kVoid + 1));
      if (truth != kVoid) ++expected[truth * 11 + result.labels8[static_cast<size_t>(i)]];
    }
  }
  const Json report =
      Evaluate(workspace, {"--data", "data", "--confusion-csv", "c.csv", "--confusion-png", "c.png"});
  EXPECT_EQ(report.at("confusion").get<std::vector<int64_t>>(), expected);
  EXPECT_EQ(report.at("images"), 3);
  EXPECT_EQ(report.at("layout"), "pairs");
  std::string row = "sky";
  for (size_t c = 0; c < 11; ++c) row += "," + std::to_string(expected[c]);
  EXPECT_THAT(workspace.Read("c.csv"), HasSubstr("true \\ predicted,sky,building,"));
  EXPECT_THAT(workspace.Read("c.csv"), HasSubstr("\n" + row + "\n"));
  EXPECT_EQ(LoadImage(workspace.path("c.png").string()).width, 11 * 48 + 1);
}

TEST(Eval, GoingOnGivesTheSameResult) {
  Workspace workspace;
  WritePairs(workspace, "data", 4);
  const Json whole = Evaluate(workspace, {"--data", "data"});
  Evaluate(workspace, {"--data", "data", "--resume", "state", "--limit", "1"});
  // The third image's labels cannot be read: the run stops there, and keeps the second.
  const std::string labels = workspace.Read("data/2.label.png");
  workspace.Write("data/2.label.png",
                  labels.substr(0, labels.size() / 2) + std::string(labels.size() - labels.size() / 2, 'x'));
  const Outcome broken = workspace.Run({"eval", "--data", "data", "--ignore", "11", "--resume", "state"});
  EXPECT_EQ(broken.code, 2);
  EXPECT_THAT(broken.err, HasSubstr("data/2.label.png"));
  EXPECT_EQ(Json::parse(workspace.Read("state")).at("done"), 2);
  workspace.Write("data/2.label.png", labels);
  const Json rest = Evaluate(workspace, {"--data", "data", "--resume", "state"});
  EXPECT_EQ(rest.at("resumed_images"), 2);
  for (const char* key : {"images", "confusion", "mean_iou", "mean_accuracy", "boundary_f", "classes"})
    EXPECT_EQ(rest.at(key), whole.at(key)) << key;
  const Json again = Evaluate(workspace, {"--data", "data", "--resume", "state"});
  EXPECT_EQ(again.at("resumed_images"), 4);
  EXPECT_EQ(again.at("boundary_f"), whole.at("boundary_f"));
}

// Whenever the interruption comes: before the first image is counted, or after the last.
TEST(Eval, AnInterruptedRunCanGoOn) {
  Workspace workspace;
  WritePairs(workspace, "data", 6);
  const std::vector<std::string> slow = {"--data", "data", "--device", "ref"};
  std::vector<std::string> kept = slow;
  kept.insert(kept.end(), {"--resume", "state"});
  std::vector<std::string> interrupted = kept;
  interrupted.insert(interrupted.begin(), {"eval", "street-b0", "--ignore", "11"});
  const Outcome run = workspace.Run(interrupted, "", {.interrupt_after_ms = 400});
  EXPECT_TRUE(run.signal == SIGINT || run.code == 0) << run.err;
  EXPECT_EQ(Evaluate(workspace, kept).at("classes"), Evaluate(workspace, slow).at("classes"));
}

TEST(Eval, WithoutAPixelThatCountsThereIsNoScore) {
  Workspace workspace;
  workspace.WriteImage("data/a.png", kHeight, kWidth);
  Segmentation truth;
  truth.height = kHeight;
  truth.width = kWidth;
  truth.labels8.assign(kHeight * kWidth, kVoid);
  WriteBytes(workspace.path("data/a.label.png").string(), EncodeLabelsPng(truth, {}));
  EXPECT_TRUE(Evaluate(workspace, {"--data", "data"}).at("mean_iou").is_null());
  const Outcome run = workspace.Run({"eval", "--data", "data", "--ignore", "11"});
  EXPECT_THAT(run.out, HasSubstr("mIoU -  "));
  EXPECT_THAT(run.out, HasSubstr("nothing to score"));
}

TEST(Eval, FilesThatCannotBeWrittenAreToldFirst) {
  Workspace workspace;
  WritePairs(workspace, "data", 1);
  for (const char* option : {"--confusion-csv", "--confusion-png", "--resume"}) {
    const Outcome run = workspace.Run({"eval", "gone.pth", "--data", "data", option, "data/0.png/file"});
    EXPECT_EQ(run.code, 2);
    EXPECT_THAT(run.err, HasSubstr("data/0.png/file: cannot write there")) << option;
  }
}

TEST(Eval, AStateOfAnythingElseIsRefused) {
  Workspace workspace;
  WritePairs(workspace, "data", 2);
  WritePairs(workspace, "other", 3);
  Evaluate(workspace, {"--data", "data", "--resume", "state"});
  const std::string state = workspace.Read("state");
  const auto refusal = [&](std::vector<std::string> words, const std::string& ignore = "11") {
    words.insert(words.begin(), {"eval", "--resume", "state", "--ignore", ignore});
    const Outcome run = workspace.Run(words);
    EXPECT_EQ(run.code, 2);
    EXPECT_EQ(run.out, "");
    EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1) << run.err;
    return run.err;
  };
  EXPECT_THAT(refusal({"--data", "data", "--size", "64x64"}), HasSubstr("state: kept with other options"));
  EXPECT_THAT(refusal({"--data", "data", "--boundary-tolerance", "1"}), HasSubstr("other options"));
  EXPECT_THAT(refusal({"--data", "data"}, "255"), HasSubstr("other options"));
  EXPECT_THAT(refusal({"--data", "data", "--limit", "1"}), HasSubstr("more than --limit 1"));
  std::filesystem::copy(SEGFORGE_SOURCE_DIR "/models/street-b0", workspace.path("model"));
  std::filesystem::permissions(workspace.path("model/config.json"), std::filesystem::perms::owner_all);
  workspace.Write("model/config.json", workspace.Read("model/config.json") + "\n");
  EXPECT_THAT(refusal({"model", "--data", "data"}), HasSubstr("another model"));
  std::filesystem::remove(workspace.path("other/0.png"));
  EXPECT_THAT(refusal({"--data", "other"}), HasSubstr("other images"));
  EXPECT_EQ(workspace.Read("state"), state);
  for (const std::string& text :
       {std::string("hello"), std::string("{}"), state.substr(0, state.size() / 2)}) {
    workspace.Write("state", text);
    EXPECT_THAT(refusal({"--data", "data"}), HasSubstr("state: expected what an earlier eval --resume kept"));
    EXPECT_EQ(workspace.Read("state"), text);
  }
}

TEST(Eval, BadDataIsNamed) {
  Workspace workspace;
  WritePairs(workspace, "data", 1);
  workspace.WriteImage("lonely/a.png", 48, 64);
  const auto refusal = [&](std::vector<std::string> words) {
    words.insert(words.begin(), "eval");
    const Outcome run = workspace.Run(words);
    EXPECT_EQ(run.code, 2);
    EXPECT_EQ(run.out, "");
    return run.err;
  };
  EXPECT_THAT(refusal({}), HasSubstr("--data"));
  EXPECT_THAT(refusal({"--data", "data"}), HasSubstr("data/0.label.png: true labels: label 11 at "));
  EXPECT_THAT(refusal({"--data", "lonely"}), HasSubstr("lonely/a.png: no label file"));
  EXPECT_THAT(refusal({"--data", "gone"}), HasSubstr("gone: there is no such folder"));
  EXPECT_THAT(refusal({"--data", "data", "--layout", "voc"}), HasSubstr("voc"));
  workspace.WriteImage("lonely/a.label.png", 48, 64);
  EXPECT_THAT(refusal({"--data", "lonely"}),
              HasSubstr("a.label.png: labels: expected a grey or indexed PNG"));
  workspace.WriteImage("data/0.png", 48, 65);
  EXPECT_THAT(refusal({"--data", "data", "--ignore", "11"}), HasSubstr("expected 48x65 (height x width)"));
  EXPECT_FALSE(std::filesystem::exists(workspace.path("state")));
}

}  // namespace
}  // namespace segforge
