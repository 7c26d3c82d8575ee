// `segforge inspect` and `segforge completion`.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "program.h"

namespace segforge {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

TEST(Inspect, DescribesTheBuiltInModel) {
  const Outcome run = Workspace().Run({"inspect", "street-b0"});
  ASSERT_EQ(run.code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("SegFormer-B0 (Hugging Face), 11 classes, 3.7 M parameters"));
  EXPECT_THAT(run.out, HasSubstr("0 sky, 1 building, 2 pole"));
  EXPECT_THAT(run.out, HasSubstr("stage 3"));
}

TEST(Inspect, CostsGrowWithTheImageAndShrinkByTheFolds) {
  const auto cost = [](const std::string& size) {
    const Outcome run = Workspace().Run({"inspect", "street-b0", "--json", "--size", size});
    EXPECT_EQ(run.code, 0) << run.err;
    return Json::parse(run.out).at("cost");
  };
  const Json small = cost("512x512");
  EXPECT_LT(small.at("folded_macs"), small.at("published_macs"));
  EXPECT_GT(small.at("folded_macs"), 0);
  EXPECT_EQ(small.at("parts").size(), 5U);
  EXPECT_EQ(small.at("parts").at(3).at("height"), 16);
  const Json wide = cost("512x1024");
  EXPECT_GT(wide.at("published_macs").get<double>(), 1.99 * small.at("published_macs").get<double>());
  EXPECT_EQ(wide.at("parts").at(0).at("width"), 256);
}

TEST(Inspect, ShowsTheGraphBeforeAndAfter) {
  const Outcome run = Workspace().Run({"inspect", "--graph"});
  ASSERT_EQ(run.code, 0) << run.err;
  const size_t after = run.out.find("# graph after the passes");
  ASSERT_NE(after, std::string::npos);
  EXPECT_LT(run.out.find("BatchNorm("), after);
  EXPECT_EQ(run.out.find("BatchNorm(", after), std::string::npos);
}

TEST(Inspect, RefusesASizeOfNoImage) {
  for (const std::string size : {"native", "0x0", "31x32", "-64x64", "65537x64"}) {
    EXPECT_EQ(Workspace().Run({"inspect", "--size", size}).code, 2) << size;
  }
}

TEST(Completion, ScriptsParseAndKnowTheOptions) {
  Workspace workspace;
  for (const std::string shell : {"bash", "zsh", "fish"}) {
    const Outcome run = workspace.Run({"completion", shell});
    ASSERT_EQ(run.code, 0) << run.err;
    for (const char* word : {"segment", "inspect", "save-logits", "disable-pass", "cityscapes"}) {
      EXPECT_THAT(run.out, HasSubstr(word)) << shell;
    }
    workspace.Write(shell, run.out);
    const std::string quiet = " >/dev/null 2>&1";
    if (std::system(("command -v " + shell + quiet).c_str()) == 0) {
      EXPECT_EQ(std::system((shell + " -n '" + workspace.path(shell).string() + "'").c_str()), 0) << shell;
    }
  }
}

TEST(Completion, BashOffersWhatFits) {
  Workspace workspace;
  workspace.Write("script", workspace.Run({"completion", "bash"}).out);
  const std::string ask =
      "cd '" + workspace.path("").string() +
      "' && bash -c '. ./script; COMP_WORDS=(segforge segment --format ov); COMP_CWORD=3; _segforge; "
      "echo \"${COMPREPLY[*]}\"; COMP_WORDS=(segforge segment --conf); COMP_CWORD=2; _segforge; "
      "echo \"${COMPREPLY[*]}\"' > offered";
  ASSERT_EQ(std::system(ask.c_str()), 0);
  EXPECT_EQ(workspace.Read("offered"), "overlay\n--confidence\n");
}

}  // namespace
}  // namespace segforge
