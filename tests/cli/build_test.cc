// `segforge build`, and engine files where models are taken.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "engine/file/test_engine_file.h"
#include "program.h"
#include "refusal.h"

namespace segforge {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using Json = nlohmann::json;

class Build : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    workspace_ = std::make_unique<Workspace>();
    workspace_->WriteImage("a.png", 64, 96);
    const Outcome run = workspace_->Run(
        {"build", "street-b0", "-o", "x.segforge", "--size", "64x96", "--no-timing-cache", "--json"});
    ASSERT_EQ(run.code, 0) << run.err;
    report_ = Json::parse(run.out);
  }
  static void TearDownTestSuite() { workspace_.reset(); }

  static std::unique_ptr<Workspace> workspace_;
  static Json report_;
};
std::unique_ptr<Workspace> Build::workspace_;
Json Build::report_;

TEST_F(Build, Reports) {
  EXPECT_EQ(report_.at("model"), "SegFormer-B0 (Hugging Face)");
  EXPECT_EQ(report_.at("precision"), "fp32");
  EXPECT_EQ(report_.at("bytes"), workspace_->Read("x.segforge").size());
  EXPECT_EQ(report_.at("headroom"), Json::array());
}

TEST_F(Build, IsTheSameEveryTime) {
  const Outcome run =
      workspace_->Run({"build", "street-b0", "-o", "again.segforge", "--size", "64x96", "--no-timing-cache"});
  ASSERT_EQ(run.code, 0) << run.err;
  EXPECT_EQ(workspace_->Read("again.segforge"), workspace_->Read("x.segforge"));
}

TEST_F(Build, SegmentsAsTheCheckpointDoes) {
  ASSERT_EQ(workspace_->Run({"segment", "a.png", "-m", "x.segforge", "-o", "engine.png"}).code, 0);
  ASSERT_EQ(workspace_->Run({"segment", "a.png", "-o", "checkpoint.png"}).code, 0);
  EXPECT_EQ(workspace_->Read("engine.png"), workspace_->Read("checkpoint.png"));
}

TEST_F(Build, IsTakenWhereModelsAre) {
  const Outcome compare =
      workspace_->Run({"compare", "x.segforge", "--against", "street-b0", "a.png", "--max-a0", "0"});
  EXPECT_EQ(compare.code, 0) << compare.out << compare.err;
  const Outcome bench = workspace_->Run({"bench", "x.segforge", "--sizes", "64x64", "--runs", "1", "--warmup",
                                         "0", "--tune", "--threads", "1"});
  EXPECT_EQ(bench.code, 0) << bench.err;
  const Outcome profile = workspace_->Run(
      {"profile", "x.segforge", "--size", "64x64", "--runs", "1", "--no-ceilings", "--threads", "1"});
  EXPECT_EQ(profile.code, 0) << profile.err;
  EXPECT_THAT(profile.out, HasSubstr("MixFfn"));
}

TEST_F(Build, IsInspected) {
  const Outcome text = workspace_->Run({"inspect", "x.segforge", "--graph"});
  ASSERT_EQ(text.code, 0) << text.err;
  EXPECT_THAT(text.out, HasSubstr("SegFormer-B0 (Hugging Face), 11 classes, 3.7 M parameters"));
  EXPECT_THAT(text.out, HasSubstr("engine file    for cpu, in fp32; tuned at 64x96"));
  EXPECT_THAT(text.out, HasSubstr("from street-b0"));
  EXPECT_THAT(text.out, HasSubstr("MixFfn("));
  EXPECT_THAT(text.out, Not(HasSubstr("# graph as published")));
  const Outcome json = workspace_->Run({"inspect", "x.segforge", "--json"});
  ASSERT_EQ(json.code, 0) << json.err;
  const Json report = Json::parse(json.out);
  EXPECT_EQ(report.at("engine_file").at("device"), "cpu");
  EXPECT_EQ(report.at("engine_file").at("sizes"),
            Json::parse(R"([{"batch": 1, "height": 64, "width": 96}])"));
  EXPECT_TRUE(report.at("cost").at("published_macs").is_null());
  EXPECT_GT(report.at("cost").at("folded_macs"), 0);
}

TEST_F(Build, NamesItsSourceInOneLine) {
  const std::filesystem::path folder = workspace_->path("odd\n\x1b\xff");
  std::filesystem::create_directory_symlink(SEGFORGE_SOURCE_DIR "/models/street-b0", folder);
  const Outcome run =
      workspace_->Run({"build", folder.string() + "/", "-o", "odd.segforge", "--no-timing-cache"});
  ASSERT_EQ(run.code, 0) << run.err;
  const Outcome inspect = workspace_->Run({"inspect", "odd.segforge"});
  EXPECT_EQ(inspect.code, 0) << inspect.err;
  EXPECT_THAT(inspect.out, HasSubstr("from odd??"));
  std::filesystem::remove(folder);
}

TEST_F(Build, RefusesOptionsThatContradictTheFile) {
  const auto expect = [&](std::vector<std::string> options, const std::string& what) {
    options.insert(options.begin(), {"segment", "a.png", "-m", "x.segforge"});
    ExpectRefusal(*workspace_, options, what);
  };
  expect({"--precision", "fp16"}, "x.segforge: built with precision fp32, asked for fp16");
  expect({"--disable-pass", "fold-head"}, "built with disabled passes none, asked for fold-head");
  expect({"--fp32-layers", "head"}, "built with fp32 layers none, asked for head");
  expect({"--layer-norm-eps", "0.01"}, "built with LayerNorm eps of its family, asked for 0.01");
  ExpectRefusal(*workspace_, {"inspect", "x.segforge", "--disable-pass", "all"}, "asked for all");
  EXPECT_EQ(
      workspace_->Run({"segment", "a.png", "-m", "x.segforge", "--precision", "fp32", "-o", "b.png"}).code,
      0);
}

TEST_F(Build, RefusesWhatItCannotBuild) {
  ExpectRefusal(*workspace_, {"build", "x.segforge", "-o", "y.segforge"},
                "x.segforge: expected a checkpoint to build from, got an engine file");
  ExpectRefusal(*workspace_, {"build", "street-b0"}, "--out is required");
  ExpectRefusal(*workspace_, {"build", "street-b0", "-o", "-"}, "-o -: expected a file");
  ExpectRefusal(*workspace_, {"build", "none.pth", "-o", "y.segforge"}, "none.pth: no such file");
  ExpectRefusal(*workspace_, {"build", "-o", "y.segforge", "--size", "16x16"}, "each 32 to 65536");
  ExpectRefusal(*workspace_, {"build", "-o", "y.segforge", "--precision", "fp16"},
                "device cpu computes in fp32");
  ExpectRefusal(*workspace_, {"build", "-o", "y.segforge", "--deterministic", "--timing-cache", "t"},
                "excludes");
  ExpectRefusal(*workspace_, {"build", "-o", "y.segforge", "--headroom", "none.png"}, "none.png");
  ExpectRefusal(*workspace_, {"build", "-o", "a.png/y.segforge"}, "expected a folder, got a file");
  ExpectRefusal(*workspace_, {"build", "-o", "y.segforge"}, "y.segforge: cannot write",
                {.file_bytes = 100'000});
}

TEST_F(Build, DoesNotReplaceWhatItReads) {
  ExpectRefusal(*workspace_, {"build", "-o", "a.png", "--headroom", "a.png"},
                "a.png: the engine file would replace");
  const std::string checkpoint = SEGFORGE_SOURCE_DIR "/models/street-b0/model.safetensors";
  std::filesystem::create_directory(workspace_->path("m"));
  std::filesystem::copy_file(checkpoint, workspace_->path("m/model.safetensors"));
  ExpectRefusal(*workspace_, {"build", "m/model.safetensors", "-o", "m/model.safetensors"},
                "m/model.safetensors: the engine file would replace what it is made from");
}

TEST_F(Build, RefusesDamagedFiles) {
  const std::string whole = workspace_->Read("x.segforge");
  const auto expect = [&](const std::string& bytes, const std::string& what) {
    workspace_->Write("damaged.segforge", bytes);
    ExpectRefusal(*workspace_, {"segment", "a.png", "-m", "damaged.segforge"}, "damaged.segforge: " + what);
    ExpectRefusal(*workspace_, {"inspect", "damaged.segforge"}, "damaged.segforge: " + what);
  };
  expect(whole.substr(0, 40), "header: truncated");
  expect(whole.substr(0, whole.size() / 2), "weights: truncated");
  std::string flipped = whole;
  flipped[flipped.size() - 1000] ^= 4;
  expect(flipped, "damaged: the checksum of its weights is wrong");
  flipped = whole;
  flipped[100] ^= 4;
  expect(flipped, "damaged: the checksum of its description is wrong");
  std::string later = whole;
  later[8] = 2;
  expect(later, "an engine file of format 2: expected format 1");
}

TEST_F(Build, OfAnotherDeviceIsRefusedUnlessItMayBeRebuilt) {
  EngineFile file = ::segforge::testing::SmallEngineFile();
  file.build.device = DeviceId::Kind::kCuda;
  file.build.gpu = "NVIDIA Something";
  file.build.compute_capability = "1.0";
  file.build.sizes = {{{1, 64, 96}, {"no such tactic"}}};
  ASSERT_TRUE(WriteEngineFile(workspace_->path("gpu.segforge"), file).ok());
  ExpectRefusal(
      *workspace_, {"segment", "a.png", "-m", "gpu.segforge", "--device", "cpu"},
      "gpu.segforge: built for NVIDIA Something, compute capability 1.0, this is cpu; build it anew, or "
      "--allow-rebuild");
  const Outcome run = workspace_->Run(
      {"segment", "a.png", "-m", "gpu.segforge", "--device", "cpu", "--allow-rebuild", "-o", "rebuilt.png"});
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("the timings of another device are dropped"));
}

// A file whose tactics are not as many as its steps says so at once.
TEST_F(Build, RefusesTacticsOfAnotherGraph) {
  EngineFile file = ::segforge::testing::SmallEngineFile();
  file.build.sizes = {{{1, 64, 96}, {"", ""}}};
  ASSERT_TRUE(WriteEngineFile(workspace_->path("few.segforge"), file).ok());
  ExpectRefusal(*workspace_, {"segment", "a.png", "-m", "few.segforge"}, "few.segforge: tactics for 1x64x96");
}

// A file that was named may be somebody's.
TEST_F(Build, AForeignTimingCacheIsLeftAlone) {
  workspace_->Write("notes.json", "{\"mine\": true}");
  const Outcome run =
      workspace_->Run({"build", "street-b0", "-o", "w.segforge", "--timing-cache", "notes.json"});
  EXPECT_EQ(run.code, 0);
  EXPECT_THAT(run.err,
              StartsWith("segforge: warning: notes.json: not a timing cache of this version; not used"));
  EXPECT_EQ(workspace_->Read("notes.json"), "{\"mine\": true}");
  EXPECT_EQ(workspace_->Read("w.segforge").size(), workspace_->Read("x.segforge").size());
}

TEST_F(Build, ShowsTheHeadroom) {
  const Outcome run = workspace_->Run(
      {"build", "street-b0", "-o", "h.segforge", "--no-timing-cache", "--headroom", "a.png", "--json"});
  ASSERT_EQ(run.code, 0) << run.err;
  const Json ranges = Json::parse(run.out).at("headroom");
  ASSERT_GT(ranges.size(), 20U);
  double last = 0;
  for (const Json& range : ranges) {
    EXPECT_GE(range.at("headroom").get<double>(), last);
    last = range.at("headroom");
    EXPECT_EQ(range.at("kept_in_fp32"), false);  // a build in fp32 has nothing to keep
  }
  const Outcome text =
      workspace_->Run({"build", "street-b0", "-o", "h.segforge", "--no-timing-cache", "--headroom", "a.png"});
  EXPECT_THAT(text.out, HasSubstr("headroom"));
}

}  // namespace
}  // namespace segforge
