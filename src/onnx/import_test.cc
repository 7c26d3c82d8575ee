#include "onnx/import.h"

#include <gmock/gmock.h>

namespace segforge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Ints = std::vector<int64_t>;

// An OnnxFile of weights that count 0, 1, 2 ..
class TestFile {
 public:
  TestFile() {
    file.opset = 17;
    file.inputs.push_back({"image", DType::kF32, Ints{1, 3, 8, 8}});
  }
  OnnxFile file;

  std::string Weight(const std::string& name, Shape shape, DType dtype = DType::kF32) {
    auto tensor = std::make_shared<Tensor>(dtype, shape);
    for (int64_t i = 0; i < shape.elems(); ++i) {
      const auto value = static_cast<float>(i);
      if (dtype == DType::kF16) {
        static_cast<uint16_t*>(tensor->view().data)[i] = HalfFromFloat(value);
      } else {
        tensor->span<float>()[static_cast<size_t>(i)] = value;
      }
    }
    return Add(name, tensor);
  }
  std::string Numbers(const std::string& name, const Ints& values) {
    return Add(name, std::make_shared<Tensor>(
                         Tensor::From<int64_t>({static_cast<int64_t>(values.size())}, std::span(values))));
  }
  std::string Index(const std::string& name, int64_t value) {
    return Add(name, std::make_shared<Tensor>(Tensor::From<int64_t>({}, std::span(&value, 1))));
  }
  std::string Node(const std::string& op, std::vector<std::string> inputs,
                   std::vector<OnnxAttribute> attributes = {}) {
    const std::string output = fmt::format("{}{}", op, file.nodes.size());
    file.nodes.push_back({op, "", op, std::move(inputs), {output}, std::move(attributes)});
    return output;
  }
  std::string Transpose(const std::string& x, const Ints& permutation) {
    return Node("Transpose", {x}, {{"perm", permutation}});
  }
  // The image as tokens [1, 64, width], by a 1 x 1 convolution.
  std::string Tokens(int64_t width) {
    const std::string map = Node("Conv", {"image", Weight("conv", {width, 3, 1, 1})});
    return Transpose(Node("Reshape", {map, Numbers("flat", {1, width, -1})}), {0, 2, 1});
  }
  Result<Graph> Import(const std::string& output) {
    file.outputs.push_back({output, {}, {}});
    return ImportGraph(file, {1, 8, 8});
  }

 private:
  std::string Add(const std::string& name, const std::shared_ptr<Tensor>& tensor) {
    file.initializers.push_back({name, std::as_const(*tensor).view()});
    file.owned.push_back(tensor);
    return name;
  }
};

const Node& OutputOf(const Graph& graph) { return graph.node(graph.outputs()[0].value); }

TEST(Import, TokensAreTheMapItself) {
  TestFile t;
  const std::string product = t.Node("MatMul", {t.Tokens(4), t.Weight("w", {4, 2})});
  const Result<Graph> graph = t.Import(t.Node("Add", {t.Weight("b", {2}), product}));
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  const Node& linear = OutputOf(*graph);
  EXPECT_EQ(linear.op, Op::kLinear);
  EXPECT_EQ(ToString(linear.type.shape), "[1, 8, 8, 2]");
  EXPECT_EQ(graph->node(linear.inputs[0]).op, Op::kLinear);  // no Reshape and no Transpose between
  EXPECT_THAT(graph->ConstantInput(linear, 1)->span<float>(), ElementsAre(0, 2, 4, 6, 1, 3, 5, 7));
  EXPECT_THAT(graph->ConstantInput(linear, 2)->span<float>(), ElementsAre(0, 1));
}

TEST(Import, Float16WeightsAreTheNumbersThatTheyAre) {
  TestFile t;
  const std::string cast = t.Node("Cast", {t.Tokens(2)}, {{"to", int64_t{10}}});
  const Result<Graph> graph = t.Import(t.Node("MatMul", {cast, t.Weight("w", {2, 1}, DType::kF16)}));
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  EXPECT_THAT(graph->ConstantInput(OutputOf(*graph), 1)->span<float>(), ElementsAre(0, 1));
}

// Keys and values from one product, as NVlabs has them.
TEST(Import, APartOfAProductIsAProductByAPartOfTheWeights) {
  TestFile t;
  const std::string kv = t.Node("MatMul", {t.Tokens(2), t.Weight("w", {2, 8})});
  const std::string split = t.Node("Reshape", {kv, t.Numbers("heads", {1, -1, 2, 2, 2})});
  const std::string moved = t.Transpose(split, {2, 0, 3, 1, 4});
  const Result<Graph> graph = t.Import(t.Node("Gather", {moved, t.Index("one", 1)}));
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  EXPECT_EQ(ToString(OutputOf(*graph).type.shape), "[1, 8, 8, 4]");
  EXPECT_THAT(graph->ConstantInput(OutputOf(*graph), 1)->span<float>(),
              ElementsAre(4, 12, 5, 13, 6, 14, 7, 15));
}

// Where the scale of attention stands makes no difference.
TEST(Import, ScalesComeBeforeTheSoftmaxThatReadsThem) {
  for (const bool on_queries : {false, true}) {
    TestFile t;
    const std::string x = t.Tokens(4);
    const float half = 0.5f;
    t.file.initializers.push_back({"half", {&half, DType::kF32, Shape()}});
    const std::string q = on_queries ? t.Node("Mul", {x, "half"}) : x;
    std::string scores = t.Node("MatMul", {q, t.Transpose(x, {0, 2, 1})});
    if (!on_queries) scores = t.Node("Mul", {scores, "half"});
    const Result<Graph> graph = t.Import(t.Node("Relu", {t.Node("Softmax", {scores})}));
    ASSERT_TRUE(graph.ok()) << graph.status().message();
    const Node& scale = graph->node(graph->node(OutputOf(*graph).inputs[0]).inputs[0]);
    EXPECT_EQ(scale.op, Op::kMul);
    EXPECT_EQ(graph->node(scale.inputs[0]).op, Op::kMatMul);
    EXPECT_TRUE(graph->node(scale.inputs[0]).as<MatMulAttrs>().transpose_b);
  }
}

TEST(Import, RefusesWhatWouldMixPixelsAndChannels) {
  TestFile t;
  const std::string map = t.Node("Conv", {"image", t.Weight("conv", {64, 3, 1, 1})});
  const std::string mixed =
      t.Node("Reshape", {map, t.Numbers("flat", {1, 64, 64})});  // no transpose: [N, C, H*W]
  const Result<Graph> graph = t.Import(t.Node("LayerNormalization", {mixed, t.Weight("gamma", {64})}));
  EXPECT_EQ(graph.status().message(),
            "node \"LayerNormalization\" (LayerNormalization): expected the channels as the last axis");
}

TEST(Import, RefusesWhatAReaderPassesOn) {
  TestFile t;
  t.file.opset = 10;
  EXPECT_EQ(SizesToImport(t.file).status().message(), "opset 10: expected 11 to 22");
  t.file.opset = 11;
  EXPECT_TRUE(SizesToImport(t.file).ok());
  t.Node("If", {"image"}, {{"then_branch", OnnxOpaque()}});
  EXPECT_THAT(SizesToImport(t.file).status().message(),
              HasSubstr("node \"If\" (If): attribute \"then_branch\": only numbers, texts and tensors"));
  t.file.nodes.clear();
  t.file.other_initializers.emplace_back("text", OnnxOpaque());
  EXPECT_THAT(SizesToImport(t.file).status().message(), HasSubstr("initializer \"text\": sparse tensors"));
}

TEST(Import, NamesTheNodeThatLies) {
  TestFile t;
  const auto graph = t.Import(t.Node("Reshape", {t.Tokens(4), t.Numbers("shape", {1, 5, -1})}));
  EXPECT_THAT(graph.status().message(), HasSubstr("node \"Reshape\" (Reshape): shape [1, 5, "));
}

}  // namespace
}  // namespace segforge
