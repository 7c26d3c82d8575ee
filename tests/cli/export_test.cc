// `segforge export`: ONNX files, which are models again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "formats/onnx.h"
#include "program.h"
#include "refusal.h"

namespace segforge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::Pair;
using Json = nlohmann::json;

class Export : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    workspace_ = std::make_unique<Workspace>();
    workspace_->WriteImage("a.png", 64, 96);
    const Outcome run =
        workspace_->Run({"export", "street-b0", "-o", "x.onnx", "--dynamic", "batch,height,width", "--json"});
    ASSERT_EQ(run.code, 0) << run.err;
    report_ = Json::parse(run.out);
  }
  static void TearDownTestSuite() { workspace_.reset(); }

  static OnnxFile Open(const std::string& name) {
    Result<OnnxFile> file = OpenOnnx(workspace_->path(name));
    EXPECT_TRUE(file.ok()) << file.status().message();
    return std::move(*file);
  }
  static OnnxFile Exported(std::vector<std::string> options) {
    options.insert(options.begin(), {"export", "street-b0", "-o", "y.onnx"});
    const Outcome run = workspace_->Run(options);
    EXPECT_EQ(run.code, 0) << run.err;
    return Open("y.onnx");
  }

  static std::unique_ptr<Workspace> workspace_;
  static Json report_;
};
std::unique_ptr<Workspace> Export::workspace_;
Json Export::report_;

TEST_F(Export, Reports) {
  EXPECT_EQ(report_.at("model"), "SegFormer-B0 (Hugging Face)");
  EXPECT_EQ(report_.at("opset"), 17);
  EXPECT_EQ(report_.at("bytes"), workspace_->Read("x.onnx").size());
  EXPECT_EQ(report_.at("nodes"), Open("x.onnx").nodes.size());
  const Outcome text = workspace_->Run({"export", "-o", "text.onnx", "--dynamic", "width"});
  EXPECT_THAT(text.out,
              HasSubstr("SegFormer-B0 (Hugging Face) · opset 17, input [1, 3, 512, width]\ntext.onnx · "));
}

TEST_F(Export, SegmentsAsTheCheckpointDoes) {
  ASSERT_EQ(workspace_->Run({"segment", "a.png", "-m", "x.onnx", "-o", "onnx.png"}).code, 0);
  ASSERT_EQ(workspace_->Run({"segment", "a.png", "-o", "checkpoint.png"}).code, 0);
  EXPECT_EQ(workspace_->Read("onnx.png"), workspace_->Read("checkpoint.png"));
}

// Names, licence and preprocessing come with the file, and a file that was read is exported as it was.
TEST_F(Export, KeepsWhatIsKnownOfTheModel) {
  const auto described = [&](const std::string& model) {
    Json json = Json::parse(workspace_->Run({"inspect", model, "--json"}).out);
    return std::vector<Json>{json.at("class_names"), json.at("license"), json.at("preprocessing")};
  };
  EXPECT_EQ(described("x.onnx"), described("street-b0"));
  ASSERT_EQ(workspace_->Run({"export", "x.onnx", "-o", "again.onnx", "--dynamic", "batch,height,width"}).code,
            0);
  EXPECT_EQ(described("again.onnx"), described("street-b0"));
  EXPECT_EQ(Open("again.onnx").nodes.size(), Open("x.onnx").nodes.size());
  EXPECT_THAT(Open("x.onnx").metadata, IsSupersetOf({Pair("source", "street-b0")}));
}

TEST_F(Export, WritesWhatIsAskedFor) {
  const OnnxFile fixed = Exported({"--size", "64x96", "--batch", "2", "--opset", "20", "--output", "labels"});
  EXPECT_EQ(fixed.opset, 20);
  EXPECT_THAT(*fixed.inputs.at(0).dims, ElementsAre(2, 3, 64, 96));
  EXPECT_EQ(fixed.outputs.at(0).name, "labels");
  EXPECT_EQ(fixed.outputs.at(0).dtype, DType::kI64);
  EXPECT_THAT(*fixed.outputs.at(0).dims, ElementsAre(2, 1, 64, 96));
  const OnnxFile published = Exported({"--head", "published", "--weights", "fp16", "--dynamic", "batch"});
  EXPECT_THAT(*published.inputs.at(0).dims, ElementsAre(kFreeDim, 3, 512, 512));
  EXPECT_THAT(published.inputs.at(0).dim_names, ElementsAre("batch", "", "", ""));
  EXPECT_TRUE(std::ranges::any_of(published.nodes,
                                  [](const OnnxNode& node) { return node.op == "BatchNormalization"; }));
  EXPECT_LT(workspace_->Read("y.onnx").size(), workspace_->Read("x.onnx").size() * 6 / 10);
}

TEST_F(Export, RefusesWhatItCannotWrite) {
  const auto expect = [&](std::vector<std::string> options, const std::string& what) {
    options.insert(options.begin(), {"export", "street-b0", "-o", "z.onnx"});
    ExpectRefusal(*workspace_, options, what);
  };
  expect({"--opset", "10"}, "--opset");
  expect({"--opset", "23"}, "--opset");
  expect({"--size", "16x64"}, "each 32 to 65536");
  expect({"--dynamic", "depth"}, "--dynamic");
  expect({"--batch", "0"}, "--batch");
  expect({"--output", "probabilities"}, "--output");
  expect({"--weights", "int8"}, "--weights");
  expect({"--batch", "2", "--dynamic", "batch"}, "--batch: expected no --dynamic batch beside it");
  expect({"--size", "64x64", "--dynamic", "height,width"},
         "--size: expected no --dynamic height,width beside it");
  ExpectRefusal(*workspace_, {"export", "street-b0"}, "--out is required");
  ExpectRefusal(*workspace_, {"export", "-o", "-"}, "-o -: expected a file");
  ExpectRefusal(*workspace_, {"export", "none.pth", "-o", "z.onnx"}, "none.pth: no such file");
  ExpectRefusal(*workspace_, {"export", "a.png", "-o", "z.onnx"}, "a.png: ");
  ExpectRefusal(*workspace_, {"export", "-o", "a.png/z.onnx"}, "expected a folder, got a file");
  ExpectRefusal(*workspace_, {"export", "-o", "z.onnx"}, "z.onnx: cannot write", {.file_bytes = 100'000});
}

TEST_F(Export, DoesNotReplaceWhatItReads) {
  ExpectRefusal(*workspace_, {"export", "x.onnx", "-o", "x.onnx"},
                "x.onnx: the exported file would replace what it is made from");
  std::filesystem::create_directory(workspace_->path("m"));
  std::filesystem::copy_file(workspace_->path("x.onnx"), workspace_->path("m/model.onnx"));
  ExpectRefusal(*workspace_, {"export", "m", "-o", "m/model.onnx"},
                "m/model.onnx: the exported file would replace what it is made from");
}

TEST_F(Export, EngineFilesAreNotExported) {
  ASSERT_EQ(workspace_->Run({"build", "street-b0", "-o", "x.segforge", "--deterministic"}).code, 0);
  ExpectRefusal(*workspace_, {"export", "x.segforge", "-o", "z.onnx"},
                "x.segforge: expected a checkpoint or an ONNX file to export, got an engine file");
}

}  // namespace
}  // namespace segforge
