// Every pass, alone and in company, leaves what a graph computes as it was.
#include <gtest/gtest.h>

#include "passes/fuse_mix_ffn.h"
#include "passes/pipeline.h"
#include "passes/split_mix_ffn.h"
#include "passes/test_graphs.h"
#include "tests/passes/check_rewrites.h"
#include "tests/passes/compare.h"
#include "tests/passes/random_graph.h"

namespace segforge {
namespace {

constexpr double kTolerance = 1e-5;  // of the largest magnitude; f32 steps between the ops round differently

std::vector<std::string> AllBut(const std::vector<std::string>& kept) {
  std::vector<std::string> names;
  for (const Pass& pass : Pipeline()) {
    if (std::ranges::find(kept, pass.name) == kept.end()) names.emplace_back(pass.name);
  }
  return names;
}

// Runs the passes that are not disabled and compares; returns the rewrites of all of them.
int ExpectEquivalent(const Graph& published, const std::vector<std::string>& disabled,
                     std::initializer_list<InputSize> sizes, const std::vector<std::string>& fuse = {}) {
  Graph graph = published;
  const auto reports = RunPasses(graph, {.disabled = disabled, .fuse = fuse});
  EXPECT_TRUE(reports.ok()) << reports.status().message();
  if (!reports.ok()) return 0;
  for (const InputSize& size : sizes) {
    EXPECT_LE(RelativeDifference(published, graph, size), kTolerance)
        << size.n << " x " << size.h << " x " << size.w;
  }
  int rewrites = 0;
  for (const PassReport& report : *reports) rewrites += report.rewrites;
  return rewrites;
}

Graph DecomposedNorms() {
  TestGraph t;
  const NodeId x = t.DecomposedLayerNorm(t.Linear(t.Input(3), 7), false);
  t.graph.AddOutput("y", t.DecomposedLayerNorm(t.Linear(t.DecomposedGelu(x), 5), true));
  return std::move(t.graph);
}

// Parts that the small SegFormer has in another form, so that each pass meets something.
Graph LooseParts() {
  TestGraph t;
  const NodeId x = t.Input(3);
  const NodeId patches = t.BatchNorm(t.Conv(x, 8, 2, 2, 0));
  const NodeId deep = t.Add(Op::kGelu, {t.Depthwise(patches)});
  const NodeId q = t.Add(Op::kRelu, {patches});
  const NodeId mixed = t.AttentionOf(q, t.Linear(deep, 8, false), t.Linear(deep, 8), 4);
  t.graph.AddOutput("y", t.Add(Op::kRelu, {t.Add(Op::kAdd, {t.Linear(mixed, 8), patches})}));
  t.graph.AddOutput("deep", deep);
  return std::move(t.graph);
}

class EachPass : public testing::TestWithParam<std::string> {};

TEST_P(EachPass, AloneChangesNoOutput) {
  int rewrites = 0;
  for (const Graph& graph : {SmallSegformer(false), SmallSegformer(true), DecomposedNorms(), LooseParts()}) {
    std::vector<std::string> kept = {GetParam()};
    if (GetParam() == "merge-key-value") kept.push_back("fuse-attention");  // makes the Concat that it needs
    if (GetParam() == "fuse-decode-head") kept.insert(kept.end(), {"fold-batch-norm", "fold-head"});
    std::vector<std::string> fuse;
    if (GetParam().starts_with("decompose")) fuse = {"layernorm=none", "gelu=none"};
    rewrites += ExpectEquivalent(graph, AllBut(kept), {{2, 33, 50}}, fuse);
  }
  EXPECT_GT(rewrites, 0);
}

TEST_P(EachPass, MissingChangesNoOutput) {
  for (const bool relu_head : {false, true}) {
    ExpectEquivalent(SmallSegformer(relu_head), {GetParam()}, {{1, 32, 41}});
  }
}

INSTANTIATE_TEST_SUITE_P(All, EachPass, testing::ValuesIn(AllBut({})), [](const auto& test) {
  std::string name = test.param;
  std::ranges::replace(name, '-', '_');
  return name;
});

TEST(AllPasses, ChangeNoOutputAtAnySize) {
  for (const Graph& graph : {SmallSegformer(false), SmallSegformer(true), DecomposedNorms(), LooseParts()}) {
    ExpectEquivalent(graph, {}, {{1, 32, 32}, {2, 33, 47}, {1, 61, 32}, {3, 40, 34}});
  }
}

// Alone and in company; fuzz/passes_fuzz.cc goes on where these seeds end.
TEST(AllPasses, ChangeNoOutputOfRandomGraphs) {
  int rewrites = 0;
  for (uint32_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    const RewriteCheck check = CheckRewrites(RandomGraph(ChoicesOf(seed), 9).Take(), {1, 17, 22});
    EXPECT_EQ(check.problem, "");
    rewrites += check.rewrites;
  }
  EXPECT_GT(rewrites, 500);
}

TEST(SplitMixFfn, UndoesTheFusion) {
  TestGraph t;
  t.graph.AddOutput("y", t.MixFfnHalf(t.MixFfnHalf(t.Input(6))));
  Graph split = t.graph;
  ASSERT_EQ(FuseMixFfn(split).value(), 2);
  ASSERT_EQ(SplitMixFfn(split, [](const Graph&, const Node&) { return true; }).value(), 2);
  EXPECT_LE(RelativeDifference(t.graph, split, {2, 5, 7}), kTolerance);
}

TEST(AllPasses, AWrongRewriteIsFound) {
  const InputSize size = {1, 32, 32};
  TestGraph t;
  const NodeId x = t.Input(3);
  t.graph.AddOutput("y", t.DecomposedLayerNorm(x, false));
  TestGraph shifted;
  shifted.graph = t.graph;
  const NodeId y = t.graph.outputs()[0].value;
  shifted.graph.Replace(y, shifted.Add(Op::kMul, {y, shifted.Scalar(1.001f)}));
  const Expectation expected(t.graph, size);
  EXPECT_GT(expected.DifferenceOf(shifted.graph), expected.tolerance());
  EXPECT_LT(expected.tolerance(), 5e-4);
}

}  // namespace
}  // namespace segforge
