#include "engine/file/engine_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/evaluate.h"
#include "engine/file/description_json.h"
#include "engine/file/graph_json.h"
#include "engine/file/test_engine_file.h"
#include "engine/fill_with_noise.h"

namespace segforge {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::Framed;
using ::testing::HasSubstr;
using testing::SmallEngineFile;

// The three sections before they are put together.
struct Parts {
  json description, graph;
  std::string weights;

  SharedBytes Frame() const { return Framed(description.dump(), graph.dump(), weights); }
  std::string Error() const { return EngineFileFromBytes(Frame()).status().message(); }
};

Parts SmallParts() {
  const EngineFile file = SmallEngineFile();
  const GraphText text = TextOf(file.model.graph);
  return {DescriptionOf(file), text.nodes,
          std::string(reinterpret_cast<const char*>(text.weights.data()), text.weights.bytes())};
}

json& NodeOf(Parts& parts, std::string_view op) {
  for (json& node : parts.graph["nodes"]) {
    if (node["op"] == op) return node;
  }
  throw std::logic_error("no such node");
}

std::vector<float> LogitsOf(const Graph& graph) {
  Tensor image(DType::kF32, Shape{1, 40, 36, 3});
  FillWithNoise(image.view());
  const std::vector<ConstTensorView> inputs = {image.view()};
  const auto outputs = Evaluate(graph, MakeCpuBackend(), inputs, {1, 40, 36}).value();
  const auto logits = outputs[0].span<float>();
  return {logits.begin(), logits.end()};
}

TEST(EngineFile, IsReadAsItWasWritten) {
  EngineFile file = SmallEngineFile();
  file.build.device = DeviceId::Kind::kCuda;
  file.build.gpu = "NVIDIA Something";
  file.build.compute_capability = "9.0";
  file.build.precision = Precision::kFp16;
  file.build.fp32_layers = {"head", "stage1.*"};
  file.build.disabled_passes = {"fold-head"};
  file.build.fuse = {"layernorm=2", "gelu=none"};
  file.build.layer_norm_eps = 1e-4f;
  file.build.sizes = {{{2, 64, 96}, {"", "mma 64x64"}}};
  file.model.config.class_names = {"a", "b", "c", "d", "ü"};
  file.model.preprocessing.size = ImageSize{64, 96};
  file.model.preprocessing.resample = Resample::kOpenCv;
  file.model.preprocessing.reduce_zero_label = true;
  const fs::path path = fs::path(::testing::TempDir()) / "whole.segforge";
  ASSERT_TRUE(WriteEngineFile(path, file).ok());
  EXPECT_TRUE(IsEngineFile(path));

  const auto read = ReadEngineFile(path);
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(DescriptionOf(*read), DescriptionOf(file));
  EXPECT_EQ(read->build.sizes[0].size, (InputSize{2, 64, 96}));
  EXPECT_EQ(TextOf(read->model.graph).nodes, TextOf(file.model.graph).nodes);
  EXPECT_EQ(LogitsOf(read->model.graph), LogitsOf(file.model.graph));
  fs::remove(path);
  EXPECT_FALSE(IsEngineFile(path));
}

TEST(EngineFile, KeepsNarrowGraphsWithTheirCasts) {
  EngineFile file = SmallEngineFile();
  const Backend ref = MakeRefBackend();
  BackendTraits traits;
  traits.precisions = {Precision::kFp32, Precision::kFp16};
  const Backend narrow("narrow", ref.rows(), traits);
  const Graph graph = file.model.graph;
  auto optimized =
      Optimize(graph, narrow,
               {.passes = {.disabled = {"all"}}, .precision = Precision::kFp16, .fp32_layers = {"head"}});
  ASSERT_TRUE(optimized.ok()) << optimized.status().message();
  const GraphText text = TextOf(optimized->graph);
  const auto owner = std::make_shared<AlignedBuffer>(text.weights.bytes());
  std::memcpy(owner->data(), text.weights.data(), text.weights.bytes());
  const json nodes = json::parse(text.nodes.dump());
  const auto read = GraphFromText(nodes, {{owner->data(), owner->bytes()}, owner});
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(TextOf(*read).nodes, text.nodes);
  EXPECT_THAT(text.nodes.dump(), HasSubstr("\"Cast\""));
}

TEST(EngineFile, WeightsStayInTheFile) {
  const SharedBytes bytes = SmallParts().Frame();
  const auto file = EngineFileFromBytes(bytes);
  ASSERT_TRUE(file.ok()) << file.status().message();
  int constants = 0;
  for (const NodeId id : file->model.graph.LiveNodes()) {
    const Node& node = file->model.graph.node(id);
    if (node.constant == nullptr) continue;
    const auto* data = static_cast<const std::byte*>(node.constant->view().data);
    EXPECT_GE(data, bytes.bytes.data());
    EXPECT_LT(data, bytes.bytes.data() + bytes.bytes.size());
    ++constants;
  }
  EXPECT_GT(constants, 50);
}

TEST(EngineFile, RefusesEveryTruncation) {
  const SharedBytes whole = SmallParts().Frame();
  std::vector<size_t> lengths;
  for (size_t length = 0; length < 200; ++length) lengths.push_back(length);
  for (size_t length = 200; length < whole.bytes.size(); length += 997) lengths.push_back(length);
  lengths.push_back(whole.bytes.size() - 1);
  for (const size_t length : lengths) {
    const auto file = EngineFileFromBytes({whole.bytes.first(length), whole.owner});
    ASSERT_FALSE(file.ok()) << length;
    EXPECT_EQ(file.status().code(), StatusCode::kInvalidInput) << length;
  }
}

TEST(EngineFile, RefusesEveryFlippedByte) {
  const SharedBytes whole = SmallParts().Frame();
  AlignedBuffer copy(whole.bytes.size());
  std::memcpy(copy.data(), whole.bytes.data(), whole.bytes.size());
  for (size_t at = 0; at < whole.bytes.size(); at += at < 64 ? 1 : 499) {
    copy.data()[at] ^= std::byte{0x10};
    EXPECT_FALSE(EngineFileFromBytes({{copy.data(), copy.bytes()}, nullptr}).ok()) << at;
    copy.data()[at] ^= std::byte{0x10};
  }
  EXPECT_TRUE(EngineFileFromBytes({{copy.data(), copy.bytes()}, nullptr}).ok());
}

TEST(EngineFile, RefusesMoreThanItSays) {
  const SharedBytes whole = SmallParts().Frame();
  AlignedBuffer longer(whole.bytes.size() + 64);
  std::memset(longer.data(), 0, longer.bytes());
  std::memcpy(longer.data(), whole.bytes.data(), whole.bytes.size());
  EXPECT_EQ(EngineFileFromBytes({{longer.data(), longer.bytes()}, nullptr}).status().message(),
            "damaged: 64 bytes follow its end");
}

TEST(EngineFile, RefusesAnotherFormat) {
  const SharedBytes whole = SmallParts().Frame();
  AlignedBuffer copy(whole.bytes.size());
  std::memcpy(copy.data(), whole.bytes.data(), whole.bytes.size());
  copy.data()[8] = std::byte{7};
  const Status status = EngineFileFromBytes({{copy.data(), copy.bytes()}, nullptr}).status();
  EXPECT_EQ(status.code(), StatusCode::kUnsupported);
  EXPECT_EQ(status.message(),
            "an engine file of format 7: expected format 1; build it anew from its checkpoint");
}

TEST(EngineFile, RefusesLyingNodes) {
  struct Lie {
    const char* op;
    const char* field;
    json value;
    const char* said;
  };
  const std::vector<Lie> lies = {
      {"Conv2d", "inputs", {0, 1, 999999}, "expected nodes before it"},
      {"Conv2d", "inputs", {0, -1, 2}, "expected nodes before it"},
      {"Conv2d", "inputs", {0, 1}, "expected 3 inputs, got 2"},
      {"Conv2d", "inputs", {1, 1, 2}, "expected more than constants"},
      {"Conv2d", "inputs", "0", "\"inputs\": expected an array"},
      {"Conv2d", "op", "Convolution", "there is none of that name"},
      {"Conv2d", "op", "LayerNorm", "\"eps\": expected a number, got nothing"},
      {"Conv2d", "op", 3, "\"op\": expected a line of text, got 3"},
      {"Conv2d", "stride", 0, "\"stride\": expected a number from 1 to 4096, got 0"},
      {"Conv2d", "stride", 4.5, "\"stride\""},
      {"Conv2d", "stride", 2, "\"type\": expected"},
      {"Conv2d", "pad", int64_t{1} << 62, "\"pad\""},
      {"Conv2d", "precision", "fp8", "precision \"fp8\""},
      {"Conv2d", "precision", "fp16", "fp16 reads f16, got f32"},
      {"Conv2d", "type", "f32[N, H, W, 8]", "\"type\": expected"},
      {"Conv2d", "name", "a\nb", "\"name\""},
      {"Conv2d", "name", "", "\"name\""},
      {"Conv2d", "value", json::array(), "\"value\": expected a line of text"},
      {"Attention", "heads", 0, "\"heads\""},
      {"Attention", "heads", 3, "expected a divisor"},
      {"Attention", "scale", "1", "\"scale\": expected a number"},
      {"Attention", "scale", 1e300, "\"scale\": expected a number"},
      {"LayerNorm", "eps", -1, "\"eps\""},
      {"LinearEpilogue", "activation", 9, "\"activation\""},
      {"LinearEpilogue", "bias", 1, "\"bias\": expected true or false"},
      {"Constant", "shape", {1 << 30, 1 << 30, 1 << 30}, "too many elements"},
      {"Constant", "shape", {1 << 20, 1 << 20}, "does not lie in the"},
      {"Constant", "shape", {0}, "expected sizes from 1 on"},
      {"Constant", "shape", {-8}, "expected sizes from 1 on"},
      {"Constant", "shape", {1, 1, 1, 1, 1, 1, 1, 1, 1}, "rank 9 exceeds 8"},
      {"Constant", "shape", {8}, "expected"},
      {"Constant", "offset", 1, "does not lie in the"},
      {"Constant", "offset", int64_t{1} << 60, "\"offset\""},
      {"Constant", "offset", -64, "\"offset\""},
      {"Input", "type", "f32[N, H, W, 4]", "expected f32[N, H, W, 3]"},
      {"Input", "type", "f16[N, H, W, 3]", "\"type\": expected f16[N, ceil(H/4)"},
  };
  for (const Lie& lie : lies) {
    Parts parts = SmallParts();
    NodeOf(parts, lie.op)[lie.field] = lie.value;
    EXPECT_THAT(parts.Error(), HasSubstr(lie.said)) << lie.op << " " << lie.field << " " << lie.value;
    EXPECT_THAT(parts.Error(), HasSubstr("graph: "));
  }
}

TEST(EngineFile, RefusesOtherEnds) {
  Parts none = SmallParts();
  none.graph["outputs"] = json::array();
  EXPECT_EQ(none.Error(), "graph: expected one output, got 0");
  Parts beyond = SmallParts();
  beyond.graph["outputs"][0]["value"] = 100000;
  EXPECT_THAT(beyond.Error(), HasSubstr("\"value\": expected a number from 0 to"));
  Parts constant = SmallParts();
  constant.graph["outputs"][0]["value"] = 1;
  EXPECT_THAT(constant.Error(), HasSubstr("graph: output: expected f32[N, ceil(H/4), ceil(W/4), 5]"));
  Parts classes = SmallParts();
  classes.description["model"]["classes"] = 6;
  EXPECT_THAT(classes.Error(), HasSubstr("expected f32[N, ceil(H/4), ceil(W/4), 6], got"));
  Parts inputs = SmallParts();
  inputs.graph["nodes"].push_back(NodeOf(inputs, "Input"));
  EXPECT_EQ(inputs.Error(), "graph: expected one input, got 2");
}

TEST(EngineFile, RefusesALyingDescription) {
  struct Lie {
    const char* part;
    const char* field;
    json value;
  };
  const std::vector<Lie> lies = {{"model", "family", 3},
                                 {"model", "classes", 0},
                                 {"model", "classes", 1e9},
                                 {"model", "class_names", {"a"}},
                                 {"model", "stages", json::array()},
                                 {"model", "eps_patch", nullptr},
                                 {"model", "license", "a\nb"},
                                 {"model", "parameters", -1},
                                 {"build", "device", "tpu"},
                                 {"build", "precision", 16},
                                 {"build", "sizes", 3},
                                 {"build", "fp32_layers", {1, 2}},
                                 {"build", "by", "\x1b[31m"},
                                 {"build", "sizes", json::array({json::object()})},
                                 {"preprocessing", "std", {0, 1, 1}},
                                 {"preprocessing", "mean", {1, 2}},
                                 {"preprocessing", "height", 0},
                                 {"preprocessing", "resample", "nearest"}};
  for (const Lie& lie : lies) {
    Parts parts = SmallParts();
    parts.description[lie.part][lie.field] = lie.value;
    const auto file = EngineFileFromBytes(parts.Frame());
    ASSERT_FALSE(file.ok()) << lie.field << " " << lie.value;
    EXPECT_EQ(file.status().code(), StatusCode::kInvalidInput);
    EXPECT_EQ(file.status().message().find('\n'), std::string::npos);
  }
  Parts parts = SmallParts();
  parts.description.erase("model");
  EXPECT_EQ(parts.Error(), "\"model\": expected an object, got nothing");
}

// Sizes that would overflow, or grow into millions of terms.
TEST(EngineFile, RefusesHugeShapes) {
  Parts parts = SmallParts();
  json& node = NodeOf(parts, "Conv2d");
  node["op"] = "Reshape";
  node["inputs"] = {0};
  std::string sum = "N";
  for (int i = 2; i < 40; ++i) sum = fmt::format("ceil(H/{}) + {}", i, sum);
  for (const std::string& axis : {std::string("1073741824*H"), sum, std::string("H*H*H*H*H*H*H*H")}) {
    node["shape"] = {axis, axis, axis, axis, axis, axis, axis, axis};
    EXPECT_FALSE(parts.Error().empty()) << axis;
  }
}

TEST(EngineFile, WritesNothingThatCannotBeRead) {
  EngineFile file = SmallEngineFile();
  file.model.license = std::string(5000, 'x');
  const fs::path path = fs::path(::testing::TempDir()) / "unreadable.segforge";
  EXPECT_THAT(WriteEngineFile(path, file).message(), HasSubstr("\"license\": expected a line of text"));
  EXPECT_FALSE(fs::exists(path));
}

TEST(EngineFile, WritesNothingWhereItCannot) {
  const Status status = WriteEngineFile("/nonexistent/x.segforge", SmallEngineFile());
  EXPECT_EQ(status.code(), StatusCode::kIo);
  EXPECT_THAT(status.message(), HasSubstr("/nonexistent/x.segforge: cannot create"));
}

}  // namespace
}  // namespace segforge
