// `segforge ablate`, and `--fuse` on the verbs that build engines.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "program.h"
#include "refusal.h"

namespace segforge {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using Json = nlohmann::json;

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// Fields may be quoted, and have commas then.
std::vector<std::string> Fields(const std::string& line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  return fields;
}

std::vector<std::string> Quick(std::vector<std::string> words) {
  for (const char* word : {"--size", "64x64", "--warmup", "0", "--runs", "1", "--threads", "2"})
    words.emplace_back(word);
  return words;
}

class Ablate : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    workspace_ = new Workspace();
    workspace_->WriteImage("images/a.png", 64, 64);
    run_ = workspace_->Run(Quick(
        {"ablate", "street-b0", "images", "--device", "cpu,ref", "-o", "out.csv", "--plot", "out.svg"}));
  }
  static void TearDownTestSuite() { delete workspace_; }

  static Workspace* workspace_;
  static Outcome run_;
};

Workspace* Ablate::workspace_ = nullptr;
Outcome Ablate::run_;

TEST_F(Ablate, HasARowForEachFusionInTurn) {
  ASSERT_EQ(run_.code, 0) << run_.err;
  const std::vector<std::string> lines = Lines(workspace_->Read("out.csv"));
  ASSERT_EQ(lines.size(), 1u + 2 * 13);
  EXPECT_THAT(lines[0], StartsWith("name,device,precision,median_ms,"));
  std::vector<std::string> names;
  std::vector<int> nodes;
  for (size_t i = 1; i < lines.size(); ++i) {
    const std::vector<std::string> fields = Fields(lines[i]);
    ASSERT_EQ(fields.size(), 17u) << lines[i];
    names.push_back(fields[0]);
    nodes.push_back(std::stoi(fields[12]));
    EXPECT_THAT(fields[1], StartsWith(i <= 13 ? "cpu" : "ref"));
    EXPECT_EQ(fields[2], "fp32");
    EXPECT_GT(std::stod(fields[3]), 0) << lines[i];
    EXPECT_EQ(fields[11], fields[10]) << "every image is good: " << lines[i];
    EXPECT_EQ(fields[13], fields[12]) << "a kernel for each node: " << lines[i];
    EXPECT_GT(std::stoll(fields[14]), 3'000'000 * 4) << "the weights alone take that";
  }
  names.resize(13);
  EXPECT_THAT(names, ElementsAre("baseline", "V1: 30 LayerNorms", "V2: 6 after sr", "+ gelu", "+ batchnorm",
                                 "+ head-fold", "+ decode-head", "+ attention", "+ key-value", "+ patch-conv",
                                 "+ mixffn", "+ depthwise-gelu", "+ epilogue"));
  EXPECT_EQ(nodes[0] - nodes[1], 30 * 8) << "nine nodes become one";
  EXPECT_EQ(nodes[0] - nodes[2], 6 * 8);
  for (size_t i = 4; i < 13; ++i) EXPECT_LE(nodes[i], nodes[i - 1]) << names[i];
  EXPECT_LT(nodes[12], 80);
}

TEST_F(Ablate, PrintsATableForEachDevice) {
  EXPECT_THAT(run_.out, StartsWith("street-b0 · cpu"));
  EXPECT_THAT(run_.out, HasSubstr("\nstreet-b0 · ref"));
  EXPECT_THAT(run_.out, HasSubstr("\nbaseline "));
  EXPECT_THAT(run_.out, HasSubstr("| Good\n"));
  EXPECT_THAT(run_.out, Not(HasSubstr("Bad (")));
  for (const std::string& line : Lines(run_.out)) EXPECT_LT(line.size(), 120u) << line;
}

TEST_F(Ablate, DrawsABarForEachRow) {
  const std::string svg = workspace_->Read("out.svg");
  EXPECT_THAT(svg, StartsWith("<svg xmlns="));
  EXPECT_THAT(svg, EndsWith("</svg>\n"));
  EXPECT_THAT(svg, HasSubstr(">V1: 30 LayerNorms</text>"));
  EXPECT_THAT(svg, HasSubstr(">+ epilogue</text>"));
  size_t bars = 0;
  for (size_t at = 0; (at = svg.find(" height=\"15.0\"", at)) != std::string::npos; ++at) ++bars;
  EXPECT_EQ(bars, 26u);
}

TEST_F(Ablate, AnyRowCanBeBuilt) {
  const std::vector<std::string> lines = Lines(workspace_->Read("out.csv"));
  const std::string fuse = Fields(lines.at(3)).back();  // V2
  EXPECT_THAT(fuse, StartsWith("layernorm=*.sr_norm,gelu=none,"));
  const Outcome build =
      workspace_->Run({"build", "street-b0", "-o", "v2.segforge", "--fuse", fuse, "--no-timing-cache"});
  ASSERT_EQ(build.code, 0) << build.err;
  const Outcome inspect = workspace_->Run({"inspect", "v2.segforge", "--json"});
  ASSERT_EQ(inspect.code, 0) << inspect.err;
  EXPECT_EQ(Json::parse(inspect.out).at("engine_file").at("fuse").at(0), "layernorm=*.sr_norm");
  const Outcome graph = workspace_->Run({"inspect", "v2.segforge", "--graph"});
  EXPECT_THAT(graph.out, HasSubstr("fused          layernorm=*.sr_norm, gelu=none"));
  size_t norms = 0;
  for (const std::string& line : Lines(graph.out)) norms += line.find("= LayerNorm(") != std::string::npos;
  EXPECT_EQ(norms, 6u);
  ExpectRefusal(*workspace_, {"segment", "images/a.png", "-m", "v2.segforge", "--fuse", "gelu=none"},
                "v2.segforge: built with fusions layernorm=*.sr_norm");
  ExpectRefusal(*workspace_, Quick({"ablate", "v2.segforge"}),
                "v2.segforge: expected a checkpoint, got an engine file");
}

TEST_F(Ablate, WhatIsBeyondTheLimitsIsBad) {
  const Outcome strict = workspace_->Run(Quick({"ablate", "street-b0", "images/a.png", "--max-r0", "0"}));
  ASSERT_EQ(strict.code, 0) << strict.err;
  EXPECT_THAT(strict.out, HasSubstr("Bad (1 of 1)"));
  EXPECT_THAT(Lines(strict.out).back(), EndsWith("| Good")) << "the reference itself";
}

TEST_F(Ablate, RefusesBadInput) {
  ExpectRefusal(*workspace_, Quick({"ablate", "none.pth"}), "none.pth: no such file");
  ExpectRefusal(*workspace_, Quick({"ablate", "street-b0", "none.png"}), "none.png: ");
  ExpectRefusal(*workspace_, Quick({"ablate", "--device", "tpu"}), "tpu");
  ExpectRefusal(*workspace_, Quick({"ablate", "--precision", "fp16", "street-b0", "images"}), "fp16");
  ExpectRefusal(*workspace_, Quick({"ablate", "-o", "-", "--plot", "-"}), "two results cannot both go there");
  ExpectRefusal(*workspace_, {"ablate", "--size", "16x16"}, "expected HEIGHTxWIDTH");
  ExpectRefusal(*workspace_, Quick({"ablate", "--reference", "none.onnx"}), "none.onnx");
}

TEST_F(Ablate, FuseIsTakenWhereverEnginesAreBuilt) {
  const Outcome compare =
      workspace_->Run({"compare", "street-b0", "--against", "street-b0", "images/a.png", "--size", "64x64",
                       "--fuse", "layernorm=none,gelu=none,attention=none,head-fold=none", "--reference-fuse",
                       "layernorm=stage1.norm,stage2.*"});
  EXPECT_EQ(compare.code, 0) << compare.out << compare.err;
  EXPECT_THAT(compare.out, Not(HasSubstr("0.00e+00 | 0.00e+00"))) << "they round differently";
  const Outcome profile =
      workspace_->Run({"profile", "--size", "64x64", "--runs", "1", "--no-ceilings", "--csv", "-", "--fuse",
                       "layernorm=1,mixffn=none", "--threads", "1"});
  ASSERT_EQ(profile.code, 0) << profile.err;
  EXPECT_THAT(profile.out, HasSubstr("ReduceMean"));
  EXPECT_THAT(profile.out, HasSubstr("LayerNorm"));
  const std::vector<std::vector<std::string>> verbs = {
      {"segment", "images/a.png"},   {"bench", "--sizes", "64x64", "--runs", "1"},
      {"profile", "--runs", "1"},    {"inspect"},
      {"build", "-o", "x.segforge"}, {"compare", "--against", "street-b0", "images/a.png"}};
  for (std::vector<std::string> words : verbs) {
    words.insert(words.end(), {"--fuse", "layernorm=31"});
    ExpectRefusal(*workspace_, words, "layernorm=31: expected at most 30, as the model has");
  }
  ExpectRefusal(*workspace_, {"segment", "images/a.png", "--fuse", "layernorm=stage9"},
                "no LayerNorm is named \"stage9\"");
  ExpectRefusal(*workspace_, {"segment", "images/a.png", "--fuse", "softmax=all"},
                "no fusion is named \"softmax\"");
}

}  // namespace
}  // namespace segforge
