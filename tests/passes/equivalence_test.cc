// Every pass, alone and in company, leaves what a graph computes as it was.
#include <gtest/gtest.h>

#include "passes/fuse_mix_ffn.h"
#include "passes/pipeline.h"
#include "passes/split_mix_ffn.h"
#include "passes/test_graphs.h"
#include "tests/passes/compare.h"

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
                     std::initializer_list<InputSize> sizes) {
  Graph graph = published;
  const auto reports = RunPasses(graph, {.disabled = disabled});
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
    rewrites += ExpectEquivalent(graph, AllBut(kept), {{2, 33, 50}});
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

// A graph grown step by step from values that it has already; some values in between are outputs, so that the
// passes meet patterns that they must leave alone. Maps have 4 channels or more: a LayerNorm over 2 is close
// to a sign, and magnifies a rounding beyond the tolerance.
class RandomGraph {
 public:
  explicit RandomGraph(uint32_t seed) : t_(seed), random_(seed) {
    values_.push_back(t_.LayerNorm(t_.Linear(t_.Input(3), 4)));
    for (int step = 0; step < 9; ++step) values_.push_back(Next());
    for (size_t i = 0; i < values_.size(); ++i) {
      if (i + 1 == values_.size() || Below(6) == 0) t_.graph.AddOutput("y", values_[i]);
    }
  }
  Graph Take() && { return std::move(t_.graph); }

 private:
  int Below(int bound) { return std::uniform_int_distribution<int>(0, bound - 1)(random_); }
  NodeId Pick() {
    return values_[values_.size() - 1 -
                   static_cast<size_t>(Below(std::min(3, static_cast<int>(values_.size()))))];
  }

  NodeId Next() {
    const NodeId x = Pick();
    switch (Below(10)) {
      case 0:
        return t_.Linear(x, 4 + 2 * Below(3), Below(2) == 0);
      case 1:
        return t_.BatchNorm(t_.Linear(x, 4, Below(2) == 0));
      case 2:
        return t_.Add(Below(2) == 0 ? Op::kRelu : Op::kGelu, {t_.Linear(x, 6)});
      case 3:
        return t_.Add(Op::kGelu, {t_.Depthwise(x)});
      case 4:
        return t_.Conv(x, 4, 2, Below(2) + 1, 0);
      case 5:
        return t_.AttentionHalf(x, 2, 1 + Below(2));
      case 6:
        return t_.MixFfnHalf(x);
      case 7:
        return t_.DecomposedLayerNorm(x, Below(2) == 0);
      case 8:
        return Sum(x);
      default:
        return Fuse(x);
    }
  }
  NodeId Sum(NodeId x) {
    const NodeId y = t_.Linear(Pick(), t_.channels(x));
    const bool fits = t_.shape(y) == t_.shape(x);
    return fits ? t_.Add(Op::kAdd, {x, y}) : y;
  }
  NodeId Fuse(NodeId x) {
    const NodeId small = t_.Linear(t_.Conv(x, 4, 3, 2, 1), 4);
    const NodeId maps[] = {t_.Resize(Below(2) == 0 ? t_.Add(Op::kRelu, {small}) : small, x), t_.Linear(x, 4)};
    const int first = Below(2);
    const NodeId fused =
        t_.BatchNorm(t_.Linear(t_.Add(Op::kConcat, {maps[first], maps[1 - first]}), 4, false));
    return Below(2) == 0 ? t_.Add(Op::kRelu, {fused}) : fused;
  }

  TestGraph t_;
  std::mt19937 random_;
  std::vector<NodeId> values_;
};

TEST(AllPasses, ChangeNoOutputOfRandomGraphs) {
  int rewrites = 0;
  for (uint32_t seed = 1; seed <= 120; ++seed) {
    SCOPED_TRACE(seed);
    rewrites += ExpectEquivalent(RandomGraph(seed).Take(), {}, {{1, 25, 29}});
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

}  // namespace
}  // namespace segforge
