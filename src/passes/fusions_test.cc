#include "passes/fusions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "passes/pipeline.h"
#include "passes/test_graphs.h"

namespace segforge {
namespace {

using testing::HasSubstr;

using Texts = std::vector<std::string>;

// LayerNorms, MixFfns, GELUs and depthwise convolutions left in a small SegFormer of nine LayerNorms.
struct Left {
  int norms = 0, gelus = 0, mix_ffns = 0, means = 0;
};

Left LeftBy(const Texts& fuse) {
  Graph graph = SmallSegformer(false);
  const auto reports = RunPasses(graph, {.fuse = fuse});
  EXPECT_TRUE(reports.ok()) << reports.status().message();
  EXPECT_TRUE(Verify(graph).ok());
  return {CountOps(graph, Op::kLayerNorm), CountOps(graph, Op::kGelu) + CountOps(graph, Op::kErf),
          CountOps(graph, Op::kMixFfn), CountOps(graph, Op::kReduceMean)};
}

std::string Refusal(const Texts& fuse) {
  Graph graph = SmallSegformer(false);
  const auto reports = RunPasses(graph, {.fuse = fuse});
  EXPECT_FALSE(reports.ok());
  return reports.ok() ? "" : reports.status().message();
}

Texts NormNames(const Graph& graph = SmallSegformer(false)) {
  const std::vector<NodeId> norms = ChosenLayerNorms(graph, {}).value();
  Texts names;
  for (const NodeId id : norms) names.push_back(graph.node(id).name);
  return names;
}

TEST(Fusions, NameEveryPassOfThePipelineOnce) {
  std::vector<std::string_view> named;
  for (const Fusion& fusion : Fusions()) {
    named.push_back(fusion.pass);
    if (!fusion.decompose.empty()) named.push_back(fusion.decompose);
  }
  std::vector<std::string_view> passes;
  for (const Pass& pass : Pipeline()) passes.push_back(pass.name);
  EXPECT_THAT(named, testing::UnorderedElementsAreArray(passes));
}

TEST(Fusions, FuseAllByDefault) {
  const Left left = LeftBy({});
  EXPECT_EQ(left.norms, 7);  // of nine, two are in a MixFfn
  EXPECT_EQ(left.mix_ffns, 2);
  const Left all = LeftBy({"layernorm=all", "gelu=all", "mixffn=all"});
  EXPECT_EQ(all.norms, left.norms);
  EXPECT_EQ(all.mix_ffns, left.mix_ffns);
}

TEST(Fusions, LeaveLayerNormsInParts) {
  const Left none = LeftBy({"layernorm=none"});
  EXPECT_EQ(none.norms, 0);
  EXPECT_EQ(none.mix_ffns, 0);  // which needs one whole
  EXPECT_EQ(none.means, 18);
  EXPECT_EQ(LeftBy({"layernorm=0"}).means, 18);
  EXPECT_EQ(LeftBy({"layernorm=9", "mixffn=none"}).norms, 9);
  const Left three = LeftBy({"layernorm=3", "mixffn=none"});
  EXPECT_EQ(three.norms, 3);
  EXPECT_EQ(three.means, 12);
}

TEST(Fusions, ChooseLayerNormsByName) {
  const Texts names = NormNames();
  ASSERT_EQ(names.size(), 9u);
  const Left two = LeftBy({"layernorm=" + names[0], names[8], "mixffn=none", "gelu=none"});
  EXPECT_EQ(two.norms, 2);
  EXPECT_EQ(two.gelus, 2);  // both in parts
  EXPECT_EQ(LeftBy({"layernorm=node*", "mixffn=none"}).norms, 9);
}

TEST(Fusions, CountInTheOrderOfTheGraph) {
  Graph graph = SmallSegformer(false);
  ASSERT_TRUE(RunPasses(graph, {.fuse = {"layernorm=1", "mixffn=none"}}).ok());
  EXPECT_THAT(NormNames(graph), testing::ElementsAre(NormNames()[0]));
}

TEST(Fusions, LeaveOthersOut) {
  Graph graph = SmallSegformer(false);
  ASSERT_TRUE(RunPasses(graph, {.fuse = {"attention=none", "head-fold=none", "gelu=none"}}).ok());
  EXPECT_EQ(CountOps(graph, Op::kSoftmax), 2);
  EXPECT_EQ(CountOps(graph, Op::kConcat), 1);
  EXPECT_EQ(CountOps(graph, Op::kErf), 2);
}

TEST(Fusions, RefuseWhatTheyDoNotKnow) {
  EXPECT_THAT(Refusal({"softmax=all"}),
              HasSubstr("no fusion is named \"softmax\"; the fusions are layernorm"));
  EXPECT_THAT(Refusal({"gelu=3"}), HasSubstr("gelu: expected all or none, got \"3\""));
  EXPECT_THAT(Refusal({"gelu"}), HasSubstr("expected WORD=all or WORD=none, got \"gelu\""));
  EXPECT_THAT(Refusal({"layernorm=10"}), HasSubstr("layernorm=10: expected at most 9"));
  EXPECT_THAT(Refusal({"layernorm=-1"}), HasSubstr("no LayerNorm is named \"-1\""));
  EXPECT_THAT(Refusal({"layernorm=99999999999999999999"}), HasSubstr("no LayerNorm is named"));
  EXPECT_THAT(Refusal({"layernorm="}), HasSubstr("got nothing"));
  EXPECT_THAT(Refusal({"layernorm=node*", "nobody"}), HasSubstr("no LayerNorm is named \"nobody\""));
  EXPECT_THAT(Refusal({"layernorm=2", "node1"}), HasSubstr("got \"node1\""));
  EXPECT_THAT(Refusal({"gelu=none", "gelu=all"}), HasSubstr("gelu: given twice"));
}

}  // namespace
}  // namespace segforge
