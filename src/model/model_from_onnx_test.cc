#include "model/model_from_onnx.h"

#include <gmock/gmock.h>

#include <cmath>

#include "formats/test_files.h"
#include "model/print_in_order.h"
#include "passes/pipeline.h"

namespace segforge {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr const char* kFiles[] = {"b0.hf.op12.onnx", "b0.hf.op18.onnx", "b0.mmseg.op11.1024.onnx"};

fs::path Models() { return SharedFolder() / "models"; }

Graph Optimised(Graph graph) {
  EXPECT_TRUE(RunPasses(graph, {}).ok());
  return graph;
}

TEST(ModelFromOnnx, RealExportsGiveTheCheckpointsOwnGraph) {
  if (!fs::exists(Models())) GTEST_SKIP() << "no shared folder";
  const auto checkpoint = LoadModel(Models() / "b0-hf", {});
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status().message();
  const std::string expected = PrintInOrder(Optimised(checkpoint->graph));
  for (const char* name : kFiles) {
    const auto model = LoadModel(Models() / name, {});
    ASSERT_TRUE(model.ok()) << model.status().message();
    EXPECT_EQ(model->config.variant, "B0");
    EXPECT_EQ(model->config.family, Family::kHuggingFace);
    EXPECT_EQ(model->config.classes, 11);
    EXPECT_EQ(PrintInOrder(Optimised(model->graph)), expected) << name;
  }
}

// A narrow one of free sizes, which is in the repository.
TEST(ModelFromOnnx, ReadsAStructureThatWasNeverPublished) {
  const auto model = LoadModel(fs::path(SEGFORGE_SOURCE_DIR) / "fuzz/seeds/onnx/b0.hf.op12.onnx", {});
  ASSERT_TRUE(model.ok()) << model.status().message();
  EXPECT_EQ(model->config.variant, "custom");
  EXPECT_EQ(CollectStages(model->config, &Stage::width), (std::array<int64_t, 4>{2, 4, 10, 16}));
  EXPECT_EQ(CollectStages(model->config, &Stage::heads), (std::array<int64_t, 4>{1, 2, 5, 8}));
  EXPECT_EQ(CollectStages(model->config, &Stage::sr_ratio), (std::array<int64_t, 4>{8, 4, 2, 1}));
  EXPECT_EQ(model->graph.node(model->graph.outputs()[0].value).type.shape[1].ToString(), "ceil(H/4)");
}

TEST(ModelFromOnnx, TheEpsCanBeOverridden) {
  if (!fs::exists(Models())) GTEST_SKIP() << "no shared folder";
  const auto model = LoadModel(Models() / kFiles[1], {.layer_norm_eps = 1e-4f});
  ASSERT_TRUE(model.ok());
  for (const NodeId id : model->graph.LiveNodes()) {
    const Node& node = model->graph.node(id);
    EXPECT_TRUE(node.op != Op::kLayerNorm || node.as<LayerNormAttrs>().eps == 1e-4f);
  }
}

// A real export, to be spoilt.
class SpoiltOnnx : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(Models())) GTEST_SKIP() << "no shared folder";
    auto file = OpenOnnx(Models() / kFiles[1]);
    ASSERT_TRUE(file.ok());
    file_ = std::move(*file);
  }
  OnnxNode& Nth(const std::string& op, int index) {
    for (OnnxNode& node : file_.nodes) {
      if (node.op == op && index-- == 0) return node;
    }
    return file_.nodes.front();
  }
  template <typename T>
  void Set(OnnxNode& node, const std::string& name, T value) {
    for (OnnxAttribute& attribute : node.attributes) {
      if (attribute.name == name) attribute.value = value;
    }
  }
  std::string Error() const {
    const auto model = ModelFromOnnx(file_, std::nullopt, {});
    if (model.ok()) return "";
    EXPECT_TRUE(IsOneLine(model.status().message())) << model.status().message();
    return model.status().message();
  }

  OnnxFile file_;
};

TEST_F(SpoiltOnnx, IsReadWhenItIsWhole) { EXPECT_EQ(Error(), ""); }

TEST_F(SpoiltOnnx, AnotherEpsInOneBlock) {
  Set(Nth("LayerNormalization", 9), "epsilon", 1e-3f);
  EXPECT_THAT(Error(), HasSubstr("no SegFormer: expected LayerNorm"));
}

TEST_F(SpoiltOnnx, AnotherActivation) {
  Nth("Erf", 2).op = "Sqrt";
  EXPECT_THAT(Error(), HasSubstr("no SegFormer"));
}

TEST_F(SpoiltOnnx, AnotherWayToResize) {
  Set(Nth("Resize", 1), "coordinate_transformation_mode", std::string("align_corners"));
  EXPECT_THAT(Error(), HasSubstr("half_pixel"));
}

TEST_F(SpoiltOnnx, RowsForColumns) {
  Set(Nth("Transpose", 1), "perm", std::vector<int64_t>{0, 2, 3, 1});
  EXPECT_NE(Error(), "");
}

TEST_F(SpoiltOnnx, AResidualLeftOut) {
  // The first sum of two computed values is the first block's.
  for (OnnxNode& node : file_.nodes) {
    if (node.op == "Add" && node.outputs[0] == "add") node.inputs[1] = node.inputs[0];
  }
  EXPECT_THAT(Error(), HasSubstr("no SegFormer: expected"));
}

TEST_F(SpoiltOnnx, AnOperatorOrDomainThatIsNotKnown) {
  Nth("Relu", 0).op = "Tanh";
  EXPECT_THAT(Error(), HasSubstr("(Tanh): this operator is not one of a SegFormer's"));
  Nth("Tanh", 0).domain = "com.example";
  EXPECT_THAT(Error(), HasSubstr("operators of the domain \"com.example\" are not supported"));
}

TEST_F(SpoiltOnnx, AWeightThatIsNotFinite) {
  Tensor weight = ToFloat32(file_.initializers[0].tensor);
  weight.span<float>()[0] = std::nanf("");
  file_.initializers[0].tensor = std::as_const(weight).view();
  EXPECT_THAT(Error(), HasSubstr("a value is not finite"));
}

TEST_F(SpoiltOnnx, InputsThatAreNoImage) {
  (*file_.inputs[0].dims)[2] = int64_t{1} << 40;
  EXPECT_THAT(Error(), HasSubstr("input of"));
  file_.inputs[0].dims.reset();
  EXPECT_THAT(Error(), HasSubstr("expected one input, an image of 4 axes"));
}

}  // namespace
}  // namespace segforge
