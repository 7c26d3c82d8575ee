#include "model/model_from_checkpoint.h"

#include <gmock/gmock.h>

#include <set>

#include "model/summary.h"
#include "model/synthetic_checkpoint.h"

namespace segforge {
namespace {

using ::testing::ElementsAre;
using testing::MakeCheckpoint;
using testing::Published;
using testing::ShapesOf;
using testing::SyntheticModel;

Model Make(Family family, const SyntheticModel& made, const LoadModelOptions& options = {}) {
  return ModelFromCheckpoint(MakeCheckpoint(ShapesOf(family, made)), std::nullopt, options).value();
}

const Node* FindNode(const Graph& graph, std::string_view name) {
  for (NodeId id : graph.LiveNodes()) {
    if (graph.node(id).name == name) return &graph.node(id);
  }
  return nullptr;
}

std::vector<std::string> InputNames(const Graph& graph, std::string_view name) {
  const Node* node = FindNode(graph, name);
  SEGFORGE_CHECK(node != nullptr);
  std::vector<std::string> names;
  for (NodeId input : node->inputs) names.push_back(graph.node(input).name);
  return names;
}

int64_t CountOps(const Graph& graph, Op op) {
  int64_t count = 0;
  for (NodeId id : graph.LiveNodes()) count += graph.node(id).op == op;
  return count;
}

TEST(ModelFromCheckpoint, TheGraphIsSoundForEveryFamily) {
  for (Family family : {Family::kNvlabs, Family::kHuggingFace, Family::kMmseg1}) {
    const Model model = Make(family, {});
    EXPECT_EQ(Verify(model.graph).message(), "");
    EXPECT_EQ(CountOps(model.graph, Op::kLayerNorm), 30);
    EXPECT_EQ(CountOps(model.graph, Op::kSoftmax), 8);
    EXPECT_EQ(CountOps(model.graph, Op::kResizeBilinear), 3);
    EXPECT_EQ(CountOps(model.graph, Op::kBatchNorm), family == Family::kMmseg1 ? 5 : 1);
    EXPECT_EQ(CountOps(model.graph, Op::kRelu), family == Family::kMmseg1 ? 5 : 1);
  }
}

TEST(ModelFromCheckpoint, TakesAnImageAndGivesLogitsAtAQuarter) {
  const Graph graph = Make(Family::kHuggingFace, {}).graph;
  ASSERT_EQ(graph.outputs().size(), 1u);
  EXPECT_EQ(graph.outputs()[0].name, "logits");
  const DimShape& logits = graph.node(graph.outputs()[0].value).type.shape;
  EXPECT_EQ(ToString(logits), "[N, ceil(H/4), ceil(W/4), 19]");
  EXPECT_EQ(Evaluate(logits, {2, 97, 131}), (Shape{2, 25, 33, 19}));
  EXPECT_EQ(ToString(FindNode(graph, "image")->type.shape), "[N, H, W, 3]");
}

TEST(ModelFromCheckpoint, NodesAreNamedByTheirPlace) {
  const Graph graph = Make(Family::kHuggingFace, {}).graph;
  for (const char* name : {"stage1.patch_embed.conv",
                           "stage1.patch_embed.norm",
                           "stage1.block0.norm1",
                           "stage1.block1.norm2",
                           "stage1.block0.attention.q",
                           "stage2.block0.attention.k",
                           "stage1.block0.attention.v",
                           "stage1.block0.attention.sr",
                           "stage1.block0.attention.sr_norm",
                           "stage1.block0.attention.scores",
                           "stage1.block0.attention.scale",
                           "stage4.block1.attention.softmax",
                           "stage1.block0.attention.context",
                           "stage1.block0.attention.proj",
                           "stage1.block0.attention.add",
                           "stage1.block0.ffn.fc1",
                           "stage1.block0.ffn.dwconv",
                           "stage1.block0.ffn.gelu",
                           "stage3.block1.ffn.fc2",
                           "stage4.block1.ffn.add",
                           "stage1.norm",
                           "stage4.norm",
                           "head.stage1.proj",
                           "head.stage2.resize",
                           "head.concat",
                           "head.fuse",
                           "head.bn",
                           "head.relu",
                           "head.classifier"}) {
    EXPECT_NE(FindNode(graph, name), nullptr) << name;
  }
  EXPECT_EQ(FindNode(graph, "stage4.block0.attention.sr"), nullptr);
  EXPECT_THAT(InputNames(graph, "stage3.norm"),
              ElementsAre("stage3.block1.ffn.add", "segformer.encoder.layer_norm.2.weight",
                          "segformer.encoder.layer_norm.2.bias"));
  std::set<std::string> names;
  for (NodeId id : graph.LiveNodes()) EXPECT_TRUE(names.insert(graph.node(id).name).second);
}

TEST(ModelFromCheckpoint, TheHeadStacksStagesInItsFamilysOrder) {
  const Graph nvlabs = Make(Family::kNvlabs, {}).graph;
  EXPECT_THAT(InputNames(nvlabs, "head.concat"), ElementsAre("head.stage4.resize", "head.stage3.resize",
                                                             "head.stage2.resize", "head.stage1.proj"));
  EXPECT_EQ(InputNames(nvlabs, "head.stage4.resize")[0], "head.stage4.proj");
  const Graph mmseg = Make(Family::kMmseg1, {}).graph;
  EXPECT_THAT(InputNames(mmseg, "head.concat"), ElementsAre("head.stage1.relu", "head.stage2.resize",
                                                            "head.stage3.resize", "head.stage4.resize"));
  EXPECT_EQ(InputNames(mmseg, "head.stage4.resize")[0], "head.stage4.relu");
  EXPECT_EQ(InputNames(mmseg, "head.stage4.relu")[0], "head.stage4.bn");
}

TEST(ModelFromCheckpoint, AttentionIsWrittenOut) {
  const Graph graph = Make(Family::kNvlabs, {}).graph;
  const std::string name = "stage2.block0.attention";
  EXPECT_EQ(InputNames(graph, name + ".k")[0], name + ".sr_norm");
  EXPECT_EQ(InputNames(graph, name + ".q")[0], "stage2.block0.norm1");
  EXPECT_EQ(InputNames(graph, "stage4.block0.attention.k")[0], "stage4.block0.norm1");
  const Node* scores = FindNode(graph, name + ".scores");
  EXPECT_TRUE(scores->as<MatMulAttrs>().transpose_b);
  EXPECT_EQ(Evaluate(scores->type.shape, {1, 512, 512}), (Shape{1, 2, 64 * 64, 16 * 16}));
  const Tensor* factor = graph.ConstantInput(*FindNode(graph, name + ".scale"), 1);
  ASSERT_NE(factor, nullptr);
  EXPECT_EQ(factor->shape(), (Shape{1}));
  EXPECT_FLOAT_EQ(factor->span<float>()[0], 0.17677669f);  // 1 / sqrt(32)
}

TEST(ModelFromCheckpoint, EveryLayerNormHasItsPlacesEps) {
  const auto eps = [](const Graph& graph, std::string_view name) {
    return FindNode(graph, name)->as<LayerNormAttrs>().eps;
  };
  const Graph nvlabs = Make(Family::kNvlabs, {}).graph;
  EXPECT_EQ(eps(nvlabs, "stage1.patch_embed.norm"), 1e-5f);
  EXPECT_EQ(eps(nvlabs, "stage1.block0.attention.sr_norm"), 1e-5f);
  EXPECT_EQ(eps(nvlabs, "stage1.block0.norm1"), 1e-6f);
  EXPECT_EQ(eps(nvlabs, "stage1.block0.norm2"), 1e-6f);
  EXPECT_EQ(eps(nvlabs, "stage1.norm"), 1e-6f);
  const Graph forced = Make(Family::kNvlabs, {}, {.layer_norm_eps = 1e-4f}).graph;
  for (NodeId id : forced.LiveNodes()) {
    const Node& node = forced.node(id);
    if (node.op == Op::kLayerNorm) {
      EXPECT_EQ(node.as<LayerNormAttrs>().eps, 1e-4f);
    }
  }
}

// Millions of parameters with 150 classes, as table 1 of Xie et al. 2021 has them (B0: 3.8 there, 3.75 here).
TEST(ModelFromCheckpoint, ParametersAreThePublishedOnes) {
  const std::array<double, 6> published = {3.8, 13.7, 27.5, 47.3, 64.1, 84.7};
  for (int variant = 0; variant <= 5; ++variant) {
    SyntheticModel made = Published(variant);
    made.classes = 150;
    const Model model = Make(Family::kHuggingFace, made);
    EXPECT_NEAR(static_cast<double>(model.parameters) / 1e6, published[static_cast<size_t>(variant)], 0.15);
  }
}

TEST(ModelFromCheckpoint, ParametersOfB0AreCountedExactly) {
  const std::array<int64_t, 4> widths = {32, 64, 160, 256};
  const std::array<int64_t, 4> sr = {8, 4, 2, 1};
  int64_t expected = 0;
  int64_t channels = 3;
  for (size_t i = 0; i < 4; ++i) {
    const int64_t c = widths[i];
    const int64_t kernel = i == 0 ? 7 : 3;
    const int64_t reduction = sr[i] > 1 ? c * c * sr[i] * sr[i] + c + 2 * c : 0;
    const int64_t attention = 4 * (c * c + c) + reduction;
    const int64_t ffn = (4 * c * c + 4 * c) + (4 * c * 9 + 4 * c) + (4 * c * c + c);
    expected += channels * c * kernel * kernel + c + 2 * c + 2 * (attention + ffn + 4 * c) + 2 * c;
    expected += 256 * c + 256;
    channels = c;
  }
  expected += 256 * 1024 + 2 * 256 + 19 * 256 + 19;
  EXPECT_EQ(Make(Family::kHuggingFace, {}).parameters, expected);
  EXPECT_EQ(Make(Family::kNvlabs, {}).parameters, expected);
  EXPECT_EQ(Make(Family::kMmseg1, {}).parameters, expected + 4 * 256);  // a norm's two vectors for a bias
}

TEST(ModelFromCheckpoint, B1At1024TakesThePublishedWork) {
  const Model model = Make(Family::kHuggingFace, Published(1));
  const Summary summary = Summarize(model.graph, {1, 1024, 1024});
  EXPECT_NEAR(static_cast<double>(summary.total.macs) / 1e9, 86.3, 0.1);
}

TEST(Summarize, PartsAddUpToTheTotal) {
  const Model model = Make(Family::kMmseg1, {});
  const Summary summary = Summarize(model.graph, {1, 64, 96});
  PartSummary sum = summary.head;
  for (const PartSummary& stage : summary.stages) {
    EXPECT_GT(stage.parameters, 0);
    EXPECT_GT(stage.macs, 0);
    sum.parameters += stage.parameters;
    sum.macs += stage.macs;
  }
  EXPECT_EQ(sum.parameters, summary.total.parameters);
  EXPECT_EQ(sum.macs, summary.total.macs);
  // Stage 4: two blocks' products at 2 x 3 tokens, and the patch embedding.
  const int64_t tokens = 6, c = 256, f = 1024;
  const int64_t block = 4 * tokens * c * c + 2 * tokens * tokens * c + 2 * tokens * c * f + tokens * f * 9;
  EXPECT_EQ(summary.stages[3].macs, 2 * block + tokens * 160 * 9 * c);
}

TEST(ModelFromCheckpoint, ResamplesAsTheFamilyWasTrained) {
  EXPECT_EQ(Make(Family::kNvlabs, {}).preprocessing.resample, Resample::kOpenCv);
  EXPECT_EQ(Make(Family::kMmseg1, {}).preprocessing.resample, Resample::kOpenCv);
  EXPECT_EQ(Make(Family::kHuggingFace, {}).preprocessing.resample, Resample::kPillow);
}

TEST(ModelFromCheckpoint, ReadsClassNamesOfTheMetadata) {
  const auto names_from = [](const std::string& json) {
    Checkpoint checkpoint = MakeCheckpoint(ShapesOf(Family::kNvlabs, {.classes = 2}));
    checkpoint.metadata = {{"CLASSES", json}};
    return ModelFromCheckpoint(checkpoint, std::nullopt, {}).value().config.class_names;
  };
  EXPECT_THAT(names_from(R"(["road", "sky"])"), ElementsAre("road", "sky"));
  EXPECT_THAT(names_from(R"(["road", "sky", "car"])"), ElementsAre());
  EXPECT_THAT(names_from(R"(["road", 3])"), ElementsAre());
  EXPECT_THAT(names_from("road"), ElementsAre());
}

TEST(ModelFromCheckpoint, AContradictionIsAnError) {
  HfConfig said;
  said.depths = {3, 4, 6, 3};
  const auto model = ModelFromCheckpoint(MakeCheckpoint(ShapesOf(Family::kHuggingFace, {})), said, {});
  ASSERT_FALSE(model.ok());
  EXPECT_THAT(model.status().message(), ::testing::StartsWith("config.json contradicts the weights: depths"));
}

}  // namespace
}  // namespace segforge
