// What the command line does with bad usage, bad input and a system that says no.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "program.h"
#include "refusal.h"

namespace segforge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(Usage, MistakesAreNamed) {
  Workspace workspace;
  workspace.WriteImage("a.png", 64, 64);
  ExpectRefusal(workspace, {}, "expected a verb");
  ExpectRefusal(workspace, {"segment"}, "INPUT");
  ExpectRefusal(workspace, {"frobnicate"}, "frobnicate");
  ExpectRefusal(workspace, {"segment", "a.png", "--frobnicate"}, "--frobnicate");
  ExpectRefusal(workspace, {"segment", "a.png", "--size", "64"}, "HEIGHTxWIDTH");
  ExpectRefusal(workspace, {"segment", "a.png", "--size", "64x64x64"}, "HEIGHTxWIDTH");
  ExpectRefusal(workspace, {"segment", "a.png", "--size", "16x64"}, "at least 32x32");
  ExpectRefusal(workspace, {"segment", "a.png", "--size", "99999999999999999999x64"}, "HEIGHTxWIDTH");
  ExpectRefusal(workspace, {"segment", "a.png", "--format", "gif"}, "gif");
  ExpectRefusal(workspace, {"segment", "a.png", "--alpha", "2"}, "2");
  ExpectRefusal(workspace, {"segment", "a.png", "--palette", "nobody"}, "nobody");
  ExpectRefusal(workspace, {"segment", "a.png", "--disable-pass", "nothing"}, "nothing");
  ExpectRefusal(workspace, {"segment", "a.png", "--threads", "-1"}, "-1");
  ExpectRefusal(workspace, {"segment", "a.png", "-m", "no-such-model"}, "no-such-model");
  ExpectRefusal(workspace, {"completion", "tcsh"}, "tcsh");
  ExpectRefusal(workspace, {"segment", "-", "-"}, "standard input can be read once");
  ExpectRefusal(workspace, {"segment", "a.png", "--top-k", "12"}, "--top-k: expected at most");
}

TEST(Usage, WhatWouldBeIgnoredIsRefused) {
  Workspace workspace;
  workspace.WriteImage("a.png", 64, 64);
  const auto expect = [&](const std::vector<std::string>& options, const std::string& what) {
    std::vector<std::string> words = {"segment", "a.png"};
    words.insert(words.end(), options.begin(), options.end());
    ExpectRefusal(workspace, words, what);
  };
  expect({"--crop", "64x64"}, "--crop: expected --mode slide");
  expect({"--mode", "tile", "--stride", "64x64"}, "--stride: expected --mode slide");
  expect({"--mode", "whole", "--tile", "64"}, "--tile: expected --mode tile");
  expect({"--overlap", "64"}, "--overlap: expected --mode tile");
  expect({"--mode", "slide", "--max-memory", "2GiB"}, "--max-memory: expected --mode tile");
  expect({"--keep-ratio"}, "--keep-ratio: expected a --size");
}

TEST(Usage, HelpShowsAnExampleOfEachVerb) {
  Workspace workspace;
  for (const std::string verb : {"segment", "inspect", "compare", "eval", "build", "export", "simplify",
                                 "bench", "profile", "ablate", "doctor", "completion"}) {
    const Outcome run = workspace.Run({verb, "--help"});
    EXPECT_EQ(run.code, 0);
    EXPECT_THAT(run.out, HasSubstr("\n  segforge " + verb + " "));
  }
  EXPECT_THAT(workspace.Run({"--help"}).out, HasSubstr("Exit codes"));
  EXPECT_THAT(workspace.Run({"--version"}).out, StartsWith("segforge 0."));
}

TEST(Input, BadImagesAreRefused) {
  Workspace workspace;
  workspace.WriteImage("good.png", 64, 64);
  workspace.WriteImage("tiny.png", 1, 1);
  workspace.Write("empty.jpg", "");
  workspace.Write("text.png", "hello");
  workspace.Write("cut.png", workspace.Read("good.png").substr(0, 500));
  std::filesystem::create_directories(workspace.path("bare"));
  ExpectRefusal(workspace, {"segment", "tiny.png"}, "tiny.png: image: expected at least 32x32, got 1x1");
  ExpectRefusal(workspace, {"segment", "empty.jpg"}, "empty.jpg: ");
  ExpectRefusal(workspace, {"segment", "text.png"}, "text.png: ");
  ExpectRefusal(workspace, {"segment", "cut.png"}, "cut.png: ");
  ExpectRefusal(workspace, {"segment", "gone.png"}, "gone.png: ");
  ExpectRefusal(workspace, {"segment", "bare"}, "bare: expected .jpg, .jpeg, .png or .webp files");
  ExpectRefusal(workspace, {"segment", "-"}, "standard input: ");
  EXPECT_EQ(workspace.Run({"segment", "tiny.png", "--size", "64x64", "-o", "tiny.labels.png"}).code, 0);
}

TEST(Input, BadOnnxFilesAreRefused) {
  Workspace workspace;
  workspace.WriteImage("a.png", 64, 64);
  workspace.Write("empty.onnx", "");
  workspace.Write("text.onnx", "hello");
  const auto seeds = std::filesystem::path(SEGFORGE_SOURCE_DIR) / "fuzz/seeds/onnx";
  std::filesystem::copy_file(seeds / "b0.hf.op12.onnx", workspace.path("narrow.onnx"));
  std::filesystem::copy_file(seeds / "b0.hf.op18.onnx", workspace.path("other.onnx"));
  workspace.Write("cut.onnx", workspace.Read("narrow.onnx").substr(0, 5000));
  const auto expect = [&](const std::string& model, const std::string& what) {
    ExpectRefusal(workspace, {"segment", "a.png", "-m", model}, model + ": " + what);
  };
  expect("empty.onnx", "not an ONNX file: it names no operator set");
  expect("text.onnx", "not an ONNX file");
  expect("cut.onnx", "truncated");
  expect("other.onnx", "node \"\" (Conv)");
  EXPECT_EQ(workspace.Run({"segment", "a.png", "-m", "narrow.onnx", "-q"}).code, 0);
}

TEST(Output, NeverReplacesAnInput) {
  Workspace workspace;
  workspace.WriteImage("a.png", 64, 64);
  workspace.WriteImage("in/a.png", 64, 64);
  workspace.WriteImage("in/b.png", 64, 64);
  std::filesystem::create_symlink("in", workspace.path("link"));
  ExpectRefusal(workspace, {"segment", "a.png", "-o", "./in/../a.png"}, "would replace an input");
  ExpectRefusal(workspace, {"segment", "in", "-o", "link"}, "would replace an input");
  ExpectRefusal(workspace, {"segment", "a.png", "in", "-o", "out"}, "both a.png and in/a.png");
  ExpectRefusal(workspace, {"segment", "a.png", "-o", "x.npy", "--confidence", "x.npy"},
                "another result of it");
  ExpectRefusal(workspace, {"segment", "in/b.png", "-o", "b.jpg"}, "b.jpg: labels is written as .png");
  ExpectRefusal(workspace, {"segment", "in", "-o", "-"}, "standard output");
  ExpectRefusal(workspace, {"segment", "a.png", "-o", "-", "--json"}, "standard output");
  ExpectRefusal(workspace, {"segment", "in", "-o", "a.png"}, "a.png: expected a folder");
  ExpectRefusal(workspace, {"segment", "a.png", "-o", "a.png/b.png"}, "a.png/b.png: cannot write there");
}

TEST(Output, ADiskThatIsFullLeavesNothing) {
  Workspace workspace;
  workspace.WriteImage("a.png", 64, 64);
  ExpectRefusal(workspace, {"segment", "a.png", "-o", "/dev/full"}, "/dev/full: cannot write: No space left");
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/full"));
  ExpectRefusal(workspace, {"segment", "a.png", "-f", "npy", "-q"}, "a.labels.npy: ", {.file_bytes = 512});
}

TEST(Output, AFolderThatCannotBeWritten) {
  Workspace workspace;
  workspace.WriteImage("a.png", 64, 64);
  ExpectRefusal(workspace, {"segment", "a.png", "-o", "/proc/self/a.png"}, "/proc/self/a.png: ");
  ExpectRefusal(workspace, {"segment", "a.png", "-o", "/proc/none/a.png"}, "/proc/none");
}

// One line where there is no GPU, whatever the reason; a run where there is one.
TEST(Device, CudaRunsOrSaysWhyNot) {
  Workspace workspace;
  workspace.WriteImage("a.png", 64, 64);
  const auto doctor = nlohmann::json::parse(workspace.Run({"doctor", "--threads", "1", "--json"}).out);
  ExpectRefusal(workspace, {"segment", "a.png", "--device", "cuda:1000"}, "device cuda:1000: ");
  if (doctor.at("cuda_devices").empty()) {
    const auto why = doctor.at("no_cuda").get<std::string>();
    ExpectRefusal(workspace, {"segment", "a.png", "--device", "cuda"}, "device cuda: " + why);
  } else {
    const Outcome run = workspace.Run({"segment", "a.png", "--device", "cuda"});
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_THAT(run.out, HasSubstr("cuda:0 "));
  }
  EXPECT_EQ(workspace.Run({"segment", "a.png", "--device", "auto", "-q"}).code, 0);
}

TEST(Device, MistakesAreNamed) {
  Workspace workspace;
  workspace.WriteImage("a.png", 64, 64);
  const auto refuse = [&](const std::string& option, const std::string& value, const std::string& what) {
    ExpectRefusal(workspace, {"segment", "a.png", option, value}, what);
    ExpectRefusal(workspace, {"compare", "street-b0", "--against", "street-b0", "a.png", option, value},
                  what);
    ExpectRefusal(workspace, {"profile", option, value}, what);
  };
  refuse("--device", "gpu",
         "device \"gpu\": expected cpu, ref, cuda, cuda:N, cuda:N,M (each once), cuda:all or auto");
  for (const std::string device : {"cuda:", "cuda:-1", "cuda:0,", "cuda:0,0", "cuda:all,0"}) {
    refuse("--device", device, "device \"" + device + "\": expected cpu");
  }
  refuse("--precision", "fp8", "precision \"fp8\": expected fp32, tf32, fp16 or bf16; or auto");
  refuse("--precision", "fp16", "precision fp16: device cpu computes in fp32");
  refuse("--fp32-layers", "stage1,stage9", "no layer is named \"stage9\"");
}

TEST(Output, AnInterruptLeavesNothing) {
  Workspace workspace;
  workspace.WriteImage("a.png", 1024, 1024);  // minutes of work on the reference backend
  const Outcome run = workspace.Run({"segment", "a.png", "--device", "ref"}, "", {.interrupt_after_ms = 500});
  EXPECT_EQ(run.signal, SIGINT);
  EXPECT_THAT(workspace.Files(), ElementsAre("a.png"));
}

}  // namespace
}  // namespace segforge
