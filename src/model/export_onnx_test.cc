#include "model/export_onnx.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "formats/onnx_write.h"
#include "formats/test_bytes.h"
#include "formats/test_files.h"
#include "model/model_from_checkpoint.h"
#include "model/model_from_onnx.h"
#include "model/print_in_order.h"
#include "model/synthetic_checkpoint.h"
#include "passes/pipeline.h"

namespace segforge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr Family kFamilies[] = {Family::kNvlabs, Family::kHuggingFace, Family::kMmseg1};

Model SmallModel(Family family) {
  const Checkpoint checkpoint = testing::MakeCheckpoint(
      testing::ShapesOf(family, {.widths = {2, 4, 10, 16}, .head_width = 6, .classes = 5}), true);
  HfConfig said;
  said.num_attention_heads = {1, 2, 5, 8};
  Result<Model> model = ModelFromCheckpoint(checkpoint, said, {});
  EXPECT_TRUE(model.ok()) << model.status().message();
  return std::move(*model);
}

// By way of the file's bytes.
Result<Model> ReadBack(const OnnxFile& file) {
  SEGFORGE_ASSIGN_OR_RETURN(const std::string bytes, OnnxToBytes(file));
  SEGFORGE_ASSIGN_OR_RETURN(const OnnxFile read, OnnxFromBytes(testing_bytes::Borrow(bytes), {}));
  return ModelFromOnnx(read, std::nullopt, {});
}

Graph Optimised(Graph graph) {
  EXPECT_TRUE(RunPasses(graph, {}).ok());
  return graph;
}

// All constants, in the order of the nodes that read them.
std::vector<float> Constants(const Graph& graph) {
  std::vector<float> values;
  for (const NodeId id : graph.LiveNodes()) {
    if (graph.node(id).op != Op::kConstant) continue;
    const auto tensor = std::as_const(*graph.node(id).constant).span<float>();
    values.insert(values.end(), tensor.begin(), tensor.end());
  }
  return values;
}

// float16 keeps 11 bits, and steps of 6e-8; weights that passes make of several have the errors of all.
void ExpectNear(const std::vector<float>& got, const std::vector<float>& want) {
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < got.size(); ++i)
    ASSERT_NEAR(got[i], want[i], 4e-3f * std::abs(want[i]) + 1e-7f) << i;
}

struct Case {
  OnnxExportOptions options;
  OnnxHead head = OnnxHead::kFolded;
};

std::vector<Case> AllCases() {
  std::vector<Case> cases;
  for (const int64_t opset : {11, 12, 13, 16, 17, 18, 20, 22}) {
    for (const bool is_free : {false, true}) {
      for (const OnnxOutput output : {OnnxOutput::kLogits, OnnxOutput::kLabels}) {
        for (const OnnxHead head : {OnnxHead::kFolded, OnnxHead::kPublished}) {
          for (const DType weights : {DType::kF32, DType::kF16}) {
            OnnxExportOptions options = {opset, 2, 64, 96, output, weights};
            if (is_free) options.batch = options.height = options.width = std::nullopt;
            cases.push_back({options, head});
          }
        }
      }
    }
  }
  return cases;
}

// Of the same structure after the passes, and of the same numbers where none were rounded.
TEST(ExportOnnx, EveryFileIsReadBackAsTheModel) {
  for (const Family family : kFamilies) {
    const Model model = SmallModel(family);
    const Graph expected = Optimised(model.graph);
    for (const Case& each : AllCases()) {
      SCOPED_TRACE(fmt::format("family {}, opset {}, free {}, labels {}, folded {}, {}",
                               static_cast<int>(family), each.options.opset, !each.options.batch,
                               each.options.output == OnnxOutput::kLabels, each.head == OnnxHead::kFolded,
                               NameOf(each.options.weights)));
      const Result<OnnxFile> file = ExportOnnx(model, each.head, each.options);
      ASSERT_TRUE(file.ok()) << file.status().message();
      const Result<Model> read = ReadBack(*file);
      ASSERT_TRUE(read.ok()) << read.status().message();
      const Graph got = Optimised(read->graph);
      ASSERT_EQ(PrintInOrder(got), PrintInOrder(expected));
      if (each.options.weights == DType::kF16) {
        ExpectNear(Constants(got), Constants(expected));
      } else {
        ASSERT_EQ(Constants(got), Constants(expected));
      }
    }
  }
}

TEST(ExportOnnx, AnySubsetOfSizesMayBeFree) {
  const Model model = SmallModel(Family::kHuggingFace);
  const std::string expected = PrintInOrder(Optimised(model.graph));
  for (int free = 0; free < 8; ++free) {
    OnnxExportOptions options = {.height = 70, .width = 100, .output = OnnxOutput::kLabels};
    if ((free & 1) != 0) options.batch = std::nullopt;
    if ((free & 2) != 0) options.height = std::nullopt;
    if ((free & 4) != 0) options.width = std::nullopt;
    const Result<OnnxFile> file = ExportOnnx(model, OnnxHead::kFolded, options);
    ASSERT_TRUE(file.ok()) << file.status().message();
    const bool computes_shapes =
        std::ranges::any_of(file->nodes, [](const OnnxNode& node) { return node.op == "Shape"; });
    EXPECT_EQ(computes_shapes, free != 0);
    EXPECT_THAT(*file->inputs.at(0).dims,
                ElementsAre(options.batch.value_or(kFreeDim), 3, options.height.value_or(kFreeDim),
                            options.width.value_or(kFreeDim)));
    const Result<Model> read = ReadBack(*file);
    ASSERT_TRUE(read.ok()) << free << ": " << read.status().message();
    EXPECT_EQ(PrintInOrder(Optimised(read->graph)), expected) << free;
  }
}

TEST(ExportOnnx, MetadataSurvives) {
  Model model = SmallModel(Family::kNvlabs);
  model.config.class_names = {"a", "b \"c\"", "d", "\xc3\xa4", "e"};
  model.license = "cc-by-4.0";
  for (const Resample resample : {Resample::kPillow, Resample::kOpenCv}) {
    model.preprocessing = {ImageSize{512, 1024}, resample, 0.1f, {0.1f, 0.2f, 0.3f}, {1, 2, 3}, true};
    const Result<Model> read = ReadBack(ExportOnnx(model, OnnxHead::kFolded, {}).value());
    ASSERT_TRUE(read.ok()) << read.status().message();
    EXPECT_EQ(read->config.class_names, model.config.class_names);
    EXPECT_EQ(read->license, model.license);
    EXPECT_EQ(read->preprocessing.size, model.preprocessing.size);
    EXPECT_EQ(read->preprocessing.resample, resample);
    EXPECT_EQ(read->preprocessing.rescale, 0.1f);
    EXPECT_EQ(read->preprocessing.mean, model.preprocessing.mean);
    EXPECT_EQ(read->preprocessing.std, model.preprocessing.std);
    EXPECT_TRUE(read->preprocessing.reduce_zero_label);
  }
}

TEST(ExportOnnx, RefusesMetadataThatIsNoPreprocessing) {
  OnnxFile file = ExportOnnx(SmallModel(Family::kNvlabs), OnnxHead::kFolded, {}).value();
  file.metadata = {{"preprocessor_config", "{\"image_std\": [0, 1, 1]}"}};
  const std::string error = ReadBack(file).status().message();
  EXPECT_THAT(error, HasSubstr("metadata \"preprocessor_config\": \"image_std\": expected values above 0"));
}

int CountOps(const OnnxFile& file, std::string_view op) {
  return static_cast<int>(
      std::ranges::count_if(file.nodes, [&](const OnnxNode& node) { return node.op == op; }));
}

// 30 LayerNorms and 8 GELUs.
TEST(ExportOnnx, UsesTheOperatorsThatAnOpsetHas) {
  const Model model = SmallModel(Family::kHuggingFace);
  for (const int64_t opset : {16, 17, 19, 20}) {
    const OnnxFile file = ExportOnnx(model, OnnxHead::kFolded, {.opset = opset}).value();
    EXPECT_EQ(CountOps(file, "LayerNormalization"), opset >= 17 ? 30 : 0);
    EXPECT_EQ(CountOps(file, "ReduceMean"), opset >= 17 ? 0 : 60);
    EXPECT_EQ(CountOps(file, "Gelu"), opset >= 20 ? 8 : 0);
    EXPECT_EQ(CountOps(file, "Erf"), opset >= 20 ? 0 : 8);
  }
}

TEST(ExportOnnx, NodesHaveTheNamesOfLayersAndWeightsTheCheckpoints) {
  const Model model = SmallModel(Family::kNvlabs);
  const OnnxFile file = ExportOnnx(model, OnnxHead::kPublished, {}).value();
  for (const NodeId id : model.graph.LiveNodes()) {
    const Node& node = model.graph.node(id);
    if (node.op == Op::kInput) continue;
    const bool is_there =
        node.op == Op::kConstant
            ? std::ranges::find(file.initializers, node.name, &NamedTensor::name) != file.initializers.end()
            : std::ranges::find(file.nodes, node.name, &OnnxNode::name) != file.nodes.end();
    EXPECT_TRUE(is_there) << node.name;
  }
  EXPECT_EQ(file.outputs.at(0).name, "logits");
}

TEST(ExportOnnx, FilesAreTheSameEveryTime) {
  const auto bytes = [] {
    return OnnxToBytes(ExportOnnx(SmallModel(Family::kMmseg1), OnnxHead::kFolded, {}).value()).value();
  };
  EXPECT_TRUE(bytes() == bytes());
}

TEST(ExportOnnx, RefusesWhatItCannotWrite) {
  Model model = SmallModel(Family::kHuggingFace);
  for (const int64_t opset : {10, 23}) {
    EXPECT_EQ(ExportOnnx(model, OnnxHead::kFolded, {.opset = opset}).status().message(),
              fmt::format("opset {}: expected 11 to 22", opset));
  }
  Graph optimised = Optimised(model.graph);
  EXPECT_THAT(ExportGraph(optimised, {}).status().message(), HasSubstr("there is no such operation in ONNX"));
  testing::Shapes shapes =
      testing::ShapesOf(Family::kNvlabs, {.widths = {2, 4, 10, 16}, .head_width = 6, .classes = 5});
  Checkpoint checkpoint = testing::MakeCheckpoint(shapes, true);
  const auto large = std::make_shared<std::vector<float>>(30, 70000.0f);
  for (NamedTensor& tensor : checkpoint.tensors) {
    if (tensor.name == "decode_head.linear_pred.weight") tensor.tensor.data = large->data();
  }
  HfConfig said;
  said.num_attention_heads = {1, 2, 5, 8};
  model = ModelFromCheckpoint(checkpoint, said, {}).value();
  EXPECT_EQ(ExportOnnx(model, OnnxHead::kFolded, {.weights = DType::kF16}).status().message(),
            "weight \"decode_head.linear_pred.weight\": 70000 is too large for float16");
}

}  // namespace
}  // namespace segforge
