#include "onnx/simplify/fuse_layer_norm.h"

#include "onnx/simplify/test_file.h"

namespace segforge::simplify {
namespace {

using namespace testing;  // NOLINT(*-build-using-namespace): what tests are written in
using ::testing::HasSubstr;

struct Form {
  bool squares_by_pow = true;
  bool eps_is_first = false;
  bool has_gamma = true;
  bool has_beta = true;
  Ints axes = {-1};
};

std::string Norm(TestFile& t, const Form& form, const std::string& x) {
  const std::string axes = t.Numbers(form.axes);
  const std::string d = t.Node("Sub", {x, t.Node("ReduceMean", {x, axes})});
  const std::string square = form.squares_by_pow ? t.Node("Pow", {d, t.Float(2)}) : t.Node("Mul", {d, d});
  const std::string variance = t.Node("ReduceMean", {square, axes}), eps = t.Float(1e-5f);
  const std::string sum = form.eps_is_first ? t.Node("Add", {eps, variance}) : t.Node("Add", {variance, eps});
  std::string y = t.Node("Div", {d, t.Node("Sqrt", {sum})});
  if (form.has_gamma) y = t.Node("Mul", {y, t.Weight({8})});
  if (form.has_beta) y = t.Node("Add", {t.Weight({8}), y});
  return y;
}

Rewriting Fuse(const Choice& choice = {.kind = Choice::Kind::kAll}) {
  return [choice](Graph& graph) { return FuseLayerNorm(graph, choice); };
}

TEST(FuseLayerNorm, InEveryForm) {
  const Form forms[] = {{},
                        {.squares_by_pow = false},
                        {.eps_is_first = true},
                        {.has_gamma = false},
                        {.has_beta = false},
                        {.has_gamma = false, .has_beta = false},
                        {.axes = {2}}};
  for (const Form& form : forms) {
    TestFile t;
    t.Output(Norm(t, form, t.Input("x", {2, 3, 8})));
    ExpectRewrite(t, Fuse(), {{"LayerNormalization", 1}});
  }
}

TEST(FuseLayerNorm, NearMissesAreLeftAlone) {
  TestFile axis;
  axis.Output(Norm(axis, {.has_gamma = false, .has_beta = false, .axes = {1}}, axis.Input("x", {2, 8, 8})));
  ExpectUntouched(axis, Fuse());
  TestFile read;  // the centred value is an output too
  read.Output(Norm(read, {}, read.Input("x", {2, 8})));
  read.Output(read.file.nodes[1].outputs[0]);
  ExpectUntouched(read, Fuse());
  TestFile cube;
  cube.Output(Norm(cube, {}, cube.Input("x", {2, 8})));
  const float three = 3;
  for (NamedTensor& tensor : cube.file.initializers) {
    if (tensor.name == cube.file.nodes[2].inputs[1]) tensor.tensor.data = &three;
  }
  ExpectUntouched(cube, Fuse());
  TestFile eps;  // of every channel
  eps.Output(Norm(eps, {}, eps.Input("x", {2, 8})));
  eps.file.nodes[4].inputs[1] = eps.Weight({8});
  ExpectUntouched(eps, Fuse());
}

TEST(FuseLayerNorm, SomeAreChosen) {
  TestFile t;
  std::string x = t.Input("x", {2, 8});
  for (int i = 0; i < 3; ++i) x = Norm(t, {}, x);
  t.Output(x);
  t.file.nodes[10].name = "encoder.block1/norm/Sub";
  const auto count = [&](const Choice& choice) -> Result<int> {
    Graph graph(t.file);
    SEGFORGE_RETURN_IF_ERROR(Infer(graph));
    return FuseLayerNorm(graph, choice);
  };
  EXPECT_EQ(count({.kind = Choice::Kind::kFirst, .count = 2}).value(), 2);
  EXPECT_EQ(count({.kind = Choice::Kind::kNamed, .names = {"encoder"}}).value(), 1);
  EXPECT_EQ(count({.kind = Choice::Kind::kNamed, .names = {"*/norm/*", "Add2*"}}).value(), 2);
  EXPECT_EQ(count({}).value(), 0);
  EXPECT_EQ(count({.kind = Choice::Kind::kFirst, .count = 4}).status().message(),
            "layernorm of 4 asked for: the file has 3");
  EXPECT_EQ(count({.kind = Choice::Kind::kNamed, .names = {"enco"}}).status().message(),
            "layernorm: nothing that can be fused is named \"enco\"");
}

TEST(FuseLayerNorm, NeedsItsOpset) {
  TestFile t(16);
  t.Output(t.Node("Relu", {t.Input("x", {2})}));
  Graph graph(t.file);
  EXPECT_THAT(FuseLayerNorm(graph, {.kind = Choice::Kind::kAll}).status().message(),
              HasSubstr("give --opset 17"));
}

}  // namespace
}  // namespace segforge::simplify
