// `segforge bench --against`: with what is missing or wrong, and with the engines that are installed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "program.h"

namespace segforge {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

// A variable of the environment, as it was again at the end.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    setenv(name, value.c_str(), 1);
  }
  ~Variable() { before_.empty() ? unsetenv(name_) : setenv(name_, before_.c_str(), 1); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
  std::string before_;
};

std::string SharedModel(const std::string& name) {
  const char* set = std::getenv("SEGFORGE_SHARED");
  const std::filesystem::path shared = set != nullptr ? set : SEGFORGE_SOURCE_DIR "/../shared";
  return (shared / "models" / name).string();
}

Outcome Against(const Workspace& workspace, const std::string& engines, std::vector<std::string> more = {}) {
  more.insert(more.begin(), {"bench", "street-b0", "--sizes", "64x64", "--threads", "1", "--warmup", "0",
                             "--runs", "2", "--against", engines});
  return workspace.Run(more);
}

void ExpectOneLine(const Outcome& run, const std::string& what) {
  EXPECT_EQ(run.code, 2);
  EXPECT_THAT(run.err, HasSubstr(what));
  EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1) << run.err;
  EXPECT_EQ(run.out, "");
}

// A program in the place of Python, which answers as src/eval/torch_peer.py does: with zeros for logits.
void WritePython(const Workspace& workspace, const std::string& body) {
  workspace.Write("python", "#!/bin/sh\n" + body);
  std::filesystem::permissions(workspace.path("python"), std::filesystem::perms::owner_all);
}

TEST(BenchAgainst, WhatIsNotInstalledIsOneLine) {
  const Workspace workspace;
  workspace.Write("b0.onnx", "");
  const std::vector<std::string> onnx = {"--against-model", "b0.onnx", "--sizes", "64x64,96x96"};
  const Variable ort("SEGFORGE_ONNXRUNTIME", "/nowhere/ort.so");
  const Variable openvino("SEGFORGE_OPENVINO", "/nowhere/ov.so");
  ExpectOneLine(Against(workspace, "ort", onnx),
                "b0.onnx: ONNX Runtime: /nowhere/ort.so: cannot be loaded; install it, or name "
                "libonnxruntime.so in $SEGFORGE_ONNXRUNTIME");
  ExpectOneLine(Against(workspace, "openvino", onnx), "libopenvino_c.so in $SEGFORGE_OPENVINO");
  {
    const Variable python("SEGFORGE_PYTHON", "/nowhere/python3");
    ExpectOneLine(Against(workspace, "torch"),
                  "PyTorch: /nowhere/python3: No such file or directory; name a");
  }
  WritePython(workspace, "echo error \"ModuleNotFoundError: No module named 'torch'\"\n");
  const Variable python("SEGFORGE_PYTHON", workspace.path("python").string());
  ExpectOneLine(Against(workspace, "torch"), "No module named 'torch'; name a Python");
  WritePython(workspace, "exit 1\n");
  ExpectOneLine(Against(workspace, "torch"), "PyTorch: the process has ended");
}

TEST(BenchAgainst, BadUsageIsTold) {
  const Workspace workspace;
  ExpectOneLine(Against(workspace, "ort,torch"), "--against ort: expected --against-model FILE.onnx");
  ExpectOneLine(Against(workspace, "torch", {"--against-model", "b0.onnx"}), "expected --against ort");
  ExpectOneLine(Against(workspace, "tensorrt"), "tensorrt");
}

TEST(BenchAgainst, OneThatComputesSomethingElseIsRefused) {
  const Workspace workspace;
  WritePython(workspace, R"(echo ready 1.0
while read -r command rest; do
  case $command in
    input) head -c 49152 > /dev/null; echo ok ;;
    run) echo 12.5 ;;
    output) echo "$SHAPE"; head -c 11264 /dev/zero ;;
  esac
done
)");
  const Variable python("SEGFORGE_PYTHON", workspace.path("python").string());
  {
    const Variable shape("SHAPE", "1 11 16 16");
    ExpectOneLine(Against(workspace, "torch"), "PyTorch 1.0: computes something else");
  }
  const Variable shape("SHAPE", "1 16 11 16");
  ExpectOneLine(Against(workspace, "torch"),
                "output: expected f32[1, 11, 16, 16] as ours, got f32[1, 16, 11, 16]");
}

// Where engines are not installed where the loader finds them, $SEGFORGE_ONNXRUNTIME, $SEGFORGE_OPENVINO and
// $SEGFORGE_PYTHON name them.
class BenchPeerTest : public testing::TestWithParam<const char*> {};

TEST_P(BenchPeerTest, RunsInTurns) {
  const std::string onnx = SharedModel("b0.hf.op12.onnx");
  if (!std::filesystem::exists(onnx)) GTEST_SKIP() << "no shared model: " << onnx;
  std::vector<std::string> more = {"--json", "bench.json", "--plot", "bench.svg", "--batches", "2"};
  const std::string engine = GetParam();
  if (engine != "torch") more.insert(more.end(), {"--against-model", onnx});
  const Workspace workspace;
  const Outcome run = Against(workspace, engine, more);
  if (run.err.find(" name ") != std::string::npos) GTEST_SKIP() << run.err;
  ASSERT_EQ(run.code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("in turns with others"));
  const Json turns = Json::parse(workspace.Read("bench.json")).at("cases").at(0).at("in_turns");
  ASSERT_EQ(turns.size(), 2U);
  EXPECT_EQ(turns.at(0).at("engine"), "segforge");
  EXPECT_EQ(turns.at(0).at("ratio"), 1);
  const Json& peer = turns.at(1);
  EXPECT_EQ(peer.at("times_ms").size(), 2U);
  EXPECT_GT(peer.at("ratio"), 0);
  EXPECT_GT(peer.at("relative_error"), 0);
  EXPECT_LT(peer.at("relative_error"), 1e-4);
  EXPECT_THAT(workspace.Read("bench.svg"),
              HasSubstr("batch 2, 1 thread: " + peer.at("engine").get<std::string>()));
}

INSTANTIATE_TEST_SUITE_P(Engines, BenchPeerTest, testing::Values("ort", "openvino", "torch"),
                         [](const auto& parameter) { return std::string(parameter.param); });

}  // namespace
}  // namespace segforge
