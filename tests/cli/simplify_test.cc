// `segforge simplify`: what it writes and says, and the files that it refuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "formats/onnx_write.h"
#include "program.h"
#include "refusal.h"

namespace segforge {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using Json = nlohmann::json;
using Ints = std::vector<int64_t>;

std::string Seed(const std::string& name) {
  return (std::filesystem::path(SEGFORGE_SOURCE_DIR) / "fuzz/seeds/onnx" / name).string();
}

// y = Relu(x), to be spoilt by a test.
OnnxFile ReluFile() {
  OnnxFile file;
  file.ir_version = 8;
  file.opset = 17;
  file.inputs.push_back({"x", DType::kF32, Ints{1, 4}});
  file.nodes.push_back({"Relu", "", "relu", {"x"}, {"y"}, {}});
  file.outputs.push_back({"y", {}, {}});
  return file;
}

void AddNumbers(OnnxFile& file, const std::string& name, const Ints& numbers) {
  const auto tensor = std::make_shared<const Tensor>(
      Tensor::From<int64_t>({static_cast<int64_t>(numbers.size())}, std::span(numbers)));
  file.initializers.push_back({name, tensor->view()});
  file.owned.push_back(tensor);
}

void WriteOnnx(const Workspace& workspace, const std::string& name, const OnnxFile& file) {
  workspace.Write(name, OnnxToBytes(file).value());
}

// In an environment without ONNX Runtime where the loader might find one.
class WithoutOnnxRuntime : public ::testing::Test {
 protected:
  WithoutOnnxRuntime() {
    if (const char* before = std::getenv("SEGFORGE_ONNXRUNTIME")) before_ = before;
    setenv("SEGFORGE_ONNXRUNTIME", "/nowhere/ort.so", 1);
  }
  ~WithoutOnnxRuntime() override {
    before_.empty() ? unsetenv("SEGFORGE_ONNXRUNTIME") : setenv("SEGFORGE_ONNXRUNTIME", before_.c_str(), 1);
  }
  Workspace workspace_;

 private:
  std::string before_;
};

TEST_F(WithoutOnnxRuntime, WritesAFileWithFewerNodesAndSaysSo) {
  const Outcome run = workspace_.Run({"simplify", Seed("b0.hf.op12.onnx"), "s.onnx", "--verbose"});
  ASSERT_EQ(run.code, 0) << run.err;
  EXPECT_THAT(run.out, ContainsRegex("Constant +317 +0\n"));
  EXPECT_THAT(run.out, HasSubstr("what constants alone give is a constant"));
  EXPECT_THAT(run.out, HasSubstr("not checked: ONNX Runtime: "));
  const Outcome json = workspace_.Run({"simplify", "s.onnx", "f.onnx", "--opset", "20", "--fuse",
                                       "layernorm=all", "--fuse", "gelu=3", "--json"});
  ASSERT_EQ(json.code, 0) << json.err;
  const Json report = Json::parse(json.out);
  EXPECT_EQ(report.at("operators").at("LayerNormalization").at("after"), 30);
  EXPECT_EQ(report.at("operators").at("Gelu").at("after"), 3);
  EXPECT_TRUE(report.at("checked_by").is_null());
  EXPECT_EQ(report.at("bytes_after"), workspace_.Read("f.onnx").size());
}

// A file with real weights: those of the shrunken ones are zeros, and what they do nothing in goes.
TEST_F(WithoutOnnxRuntime, WhatItWritesIsTheSameModel) {
  const char* shared = std::getenv("SEGFORGE_SHARED");
  const std::filesystem::path folder = shared != nullptr ? shared : SEGFORGE_SOURCE_DIR "/../shared";
  const std::string model = folder / "models/b0.hf.op12.onnx";
  if (!std::filesystem::exists(model)) GTEST_SKIP() << "no shared folder";
  workspace_.WriteImage("a.png", 64, 96);
  const Outcome run = workspace_.Run({"simplify", model, "s.onnx", "--opset", "20", "--fuse", "layernorm=all",
                                      "--fuse", "gelu=all", "--fix-shape", "pixel_values=1x3x64x96"});
  ASSERT_EQ(run.code, 0) << run.err;
  ASSERT_EQ(workspace_.Run({"segment", "a.png", "-m", "s.onnx", "-o", "s.png"}).code, 0);
  ASSERT_EQ(workspace_.Run({"segment", "a.png", "-m", model, "-o", "a.labels.png"}).code, 0);
  EXPECT_EQ(workspace_.Read("s.png"), workspace_.Read("a.labels.png"));
}

TEST_F(WithoutOnnxRuntime, RefusesOptionsThatFitNothing) {
  const auto expect = [&](std::vector<std::string> options, const std::string& what) {
    options.insert(options.begin(), {"simplify", Seed("b0.hf.op12.onnx"), "out.onnx"});
    ExpectRefusal(workspace_, options, what);
  };
  expect({"--fix-shape", "image=1x3x64x64"}, "no input is named \"image\"; there is v205");
  expect({"--fix-shape", "v205=1x3x"}, "--fix-shape: expected NAME=1x3x512x512, got");
  expect({"--fix-shape", "1x3x64x64"}, "--fix-shape: expected NAME=VALUE");
  expect({"--fix-shape", "v205=1x4x64x64"}, "v205");
  expect({"--fuse", "layernorm=all"}, "the file of opset 12: give --opset 17 or later");
  expect({"--opset", "17", "--fuse", "layernorm=31"}, "layernorm of 31 asked for: the file has 30");
  expect({"--opset", "17", "--fuse", "layernorm=nobody"}, "nothing that can be fused is named \"nobody\"");
  expect({"--opset", "11"}, "from opset 12 to 11: expected to raise it");
  expect({"--fuse", "attention"}, "segforge build does");
  expect({"--fuse", "mixffn=all"}, "segforge build does");
  expect({"--fuse", "head-fold"}, "segforge export --head folded does it");
  expect({"--fuse", "softmax=all"}, "expected layernorm or gelu, got \"softmax\"");
  expect({"--no-check", "--check-runs", "2"}, "excludes");
  ExpectRefusal(workspace_, {"simplify", Seed("b0.hf.op12.onnx"), "-"}, "expected a file to write");
  ExpectRefusal(workspace_, {"simplify", "none.onnx", "out.onnx"}, "none.onnx: ");
  ExpectRefusal(workspace_, {"simplify", Seed("b0.hf.op12.onnx"), "out.onnx"},
                "out.onnx: ", {.file_bytes = 1000});
}

TEST_F(WithoutOnnxRuntime, DoesNotReplaceWhatItReads) {
  WriteOnnx(workspace_, "a.onnx", ReluFile());
  ExpectRefusal(workspace_, {"simplify", "a.onnx", "./a.onnx"}, "would replace what it is made from");
}

TEST_F(WithoutOnnxRuntime, RefusesDamagedFiles) {
  const auto expect = [&](const OnnxFile& file, const std::string& what) {
    WriteOnnx(workspace_, "bad.onnx", file);
    ExpectRefusal(workspace_, {"simplify", "bad.onnx", "out.onnx"}, "bad.onnx: " + what);
  };
  OnnxFile cyclic = ReluFile();
  cyclic.nodes[0].inputs = {"y"};
  expect(cyclic, "node \"relu\" (Relu): reads \"y\", which nothing before it makes");
  OnnxFile dangling = ReluFile();
  dangling.nodes[0].inputs = {"nothing"};
  expect(dangling, "node \"relu\" (Relu): reads \"nothing\"");
  OnnxFile lying = ReluFile();
  lying.outputs[0] = {"y", DType::kF32, Ints{1, 5}};
  expect(lying, "node \"relu\" (Relu): \"y\": the file says f32 [1, 5], but it is f32 [1, 4]");
  OnnxFile old = ReluFile();
  old.opset = 6;
  expect(old, "opset 6: expected 7 to 24");
  workspace_.Write("cut.onnx", workspace_.Read("bad.onnx").substr(0, 40));
  ExpectRefusal(workspace_, {"simplify", "cut.onnx", "out.onnx"}, "cut.onnx: truncated");
  workspace_.Write("empty.onnx", "");
  ExpectRefusal(workspace_, {"simplify", "empty.onnx", "out.onnx"}, "empty.onnx: not an ONNX file");
}

TEST_F(WithoutOnnxRuntime, RefusesBillionsOfElements) {
  for (const std::string op : {"ConstantOfShape", "Expand", "Tile", "Range"}) {
    OnnxFile file = ReluFile();
    AddNumbers(file, "many", {1'000'000'000});
    AddNumbers(file, "one", {1});
    std::vector<std::string> inputs = {"one", "many"};
    if (op == "ConstantOfShape") inputs = {"many"};
    if (op == "Range") inputs = {"one", "many", "one"};
    file.nodes.insert(file.nodes.begin(), {op, "", "large", inputs, {"huge"}, {}});
    file.outputs.push_back({"huge", {}, {}});
    WriteOnnx(workspace_, "bad.onnx", file);
    ExpectRefusal(workspace_, {"simplify", "bad.onnx", "out.onnx"},
                  "bad.onnx: node \"large\" (" + op + "): gives [");
  }
}

// A tensor named "w" whose bytes are in a file outside of the model's folder; written by hand, as no writer
// does.
TEST_F(WithoutOnnxRuntime, RefusesExternalDataOutsideOfItsFolder) {
  const auto field = [](int number, const std::string& bytes) {
    return std::string(1, static_cast<char>(number << 3 | 2)) +
           std::string(1, static_cast<char>(bytes.size())) + bytes;
  };
  workspace_.Write("outside.bin", "12345678");
  const std::string entry = field(13, field(1, "location") + field(2, "../outside.bin"));
  const std::string tensor =
      std::string("\x08\x02\x10\x01", 4) + field(8, "w") + entry + std::string("\x70\x01", 2);
  workspace_.Write("model/bad.onnx", OnnxToBytes(ReluFile()).value() + field(7, field(5, tensor)));
  ExpectRefusal(workspace_, {"simplify", "model/bad.onnx", "out.onnx"},
                "initializer \"w\": external data: \"../outside.bin\" is outside the file's own folder");
}

TEST_F(WithoutOnnxRuntime, RefusesGraphsNestedWithoutEnd) {
  const auto length = [](size_t size) {
    std::string bytes;
    for (; size >= 0x80; size >>= 7) bytes += static_cast<char>(0x80 | (size & 0x7f));
    return bytes + static_cast<char>(size);
  };
  std::string graph;
  for (int depth = 0; depth < 5000; ++depth) {  // graph in an attribute in a node in a graph
    for (const char tag : {'\x32', '\x2a', '\x0a'})
      graph.insert(0, fmt::format("{}{}", tag, length(graph.size())));
  }
  workspace_.Write("deep.onnx", '\x3a' + length(graph.size()) + graph);
  ExpectRefusal(workspace_, {"simplify", "deep.onnx", "out.onnx"},
                "deep.onnx: graphs inside of graphs: expected at most 16");
}

// Where ONNX Runtime is not installed, $SEGFORGE_ONNXRUNTIME names its library.
TEST(Simplify, ComparesWithTheFileItReads) {
  const Workspace workspace;
  const Outcome run = workspace.Run({"simplify", Seed("b0.hf.op12.onnx"), "s.onnx", "--opset", "17", "--fuse",
                                     "layernorm=all", "--check-runs", "2", "--json"});
  ASSERT_EQ(run.code, 0) << run.err;
  const Json report = Json::parse(run.out);
  if (report.at("checked_by").is_null()) GTEST_SKIP() << report.at("not_checked");
  EXPECT_THAT(report.at("checked_by").get<std::string>(), HasSubstr("ONNX Runtime"));
  EXPECT_LE(report.at("difference").get<double>(), 1e-4);
  const Outcome unchecked = workspace.Run({"simplify", Seed("b0.hf.op12.onnx"), "n.onnx", "--no-check"});
  EXPECT_THAT(unchecked.out, HasSubstr("\nnot checked\n"));
}

// A sum that loses what is added to it, and another that takes it away again: in the weights both cancel.
// What a rewrite makes more exact than the file is also another result.
TEST(Simplify, WritesNothingWhereOutputsDiffer) {
  const Workspace workspace;
  OnnxFile file = ReluFile();
  const std::vector<float> weights(8, 1.0f), large(2, 1e8f);
  file.initializers = {{"w", {weights.data(), DType::kF32, Shape{4, 2}}},
                       {"large", {large.data(), DType::kF32, Shape{2}}}};
  file.nodes = {{"MatMul", "", "", {"x", "w"}, {"product"}, {}},
                {"Add", "", "", {"product", "large"}, {"sum"}, {}},
                {"Sub", "", "", {"sum", "large"}, {"y"}, {}}};
  WriteOnnx(workspace, "rounds.onnx", file);
  const Outcome unchecked = workspace.Run({"simplify", "rounds.onnx", "s.onnx", "--no-check"});
  ASSERT_EQ(unchecked.code, 0) << unchecked.err;
  std::filesystem::remove(workspace.path("s.onnx"));
  WriteOnnx(workspace, "plain.onnx", ReluFile());
  if (workspace.Run({"simplify", "plain.onnx", "p.onnx"}).out.find("not checked") != std::string::npos)
    GTEST_SKIP() << "no ONNX Runtime";
  ExpectRefusal(workspace, {"simplify", "rounds.onnx", "s.onnx"}, "nothing was written");
}

}  // namespace
}  // namespace segforge
