// The passes on the graphs of real checkpoints' shapes: what they leave, and what that saves.
#include <gtest/gtest.h>

#include <map>

#include "model/model_from_checkpoint.h"
#include "model/synthetic_checkpoint.h"
#include "passes/pipeline.h"
#include "tests/passes/compare.h"

namespace segforge {
namespace {

constexpr Family kFamilies[] = {Family::kNvlabs, Family::kHuggingFace, Family::kMmseg1};

Graph PublishedGraph(Family family, int variant, bool distinct = false) {
  const auto shapes = testing::ShapesOf(family, testing::Published(variant));
  auto model = ModelFromCheckpoint(testing::MakeCheckpoint(shapes, distinct), std::nullopt, {});
  EXPECT_TRUE(model.ok()) << model.status().message();
  return model.ok() ? std::move(model->graph) : Graph();
}

std::map<std::string, int> OpCounts(const Graph& graph) {
  std::map<std::string, int> counts;
  for (NodeId id : graph.LiveNodes()) {
    const Op op = graph.node(id).op;
    if (op != Op::kInput && op != Op::kConstant) ++counts[std::string(NameOf(op))];
  }
  return counts;
}

double GigaMacs(const Graph& graph, const InputSize& size) {
  int64_t macs = 0;
  for (NodeId id : graph.LiveNodes()) macs += CountMacs(graph, graph.node(id), size);
  return static_cast<double>(macs) * 1e-9;
}

TEST(PassesOnSegformer, LeaveTheSameFewOpsInEveryFamilyAndVariant) {
  for (const Family family : kFamilies) {
    for (int variant = 0; variant <= 5; ++variant) {
      const auto depths = testing::Published(variant).depths;
      const int blocks = static_cast<int>(depths[0] + depths[1] + depths[2] + depths[3]);
      const int reduced = blocks - static_cast<int>(depths[3]);
      Graph graph = PublishedGraph(family, variant);
      ASSERT_TRUE(RunPasses(graph, {}).ok());
      // q and kv of each block, three terms of the head; mmseg's projections end in a ReLU.
      const bool projects = family == Family::kMmseg1;
      const std::map<std::string, int> expected = {{"Conv2d", 4},
                                                   {"LayerNorm", 4 + blocks + reduced + 4},
                                                   {"Linear", 2 * blocks + 3},
                                                   {"LinearEpilogue", blocks + (projects ? 4 : 0)},
                                                   {"PatchLinear", reduced},
                                                   {"Attention", blocks},
                                                   {"MixFfn", blocks},
                                                   {"DecodeHead", 1}};
      EXPECT_EQ(OpCounts(graph), expected) << "family " << static_cast<int>(family) << ", B" << variant;
    }
  }
}

TEST(PassesOnSegformer, SaveWhatFoldingTheHeadPromises) {
  const std::map<int, double> saved_percent = {{0, 39}, {1, 20}, {2, 53}};  // at 1024 x 1024
  for (const auto& [variant, percent] : saved_percent) {
    const Graph published = PublishedGraph(Family::kHuggingFace, variant);
    Graph folded = published;
    ASSERT_TRUE(RunPasses(folded, {}).ok());
    const InputSize size = {1, 1024, 1024};
    const double saved = 100 * (1 - GigaMacs(folded, size) / GigaMacs(published, size));
    EXPECT_NEAR(saved, percent, 1) << "B" << variant;
  }
}

TEST(PassesOnSegformer, ChangeNoLogits) {
  for (const Family family : kFamilies) {
    const Graph published = PublishedGraph(family, 0, /*distinct=*/true);
    Graph graph = published;
    ASSERT_TRUE(RunPasses(graph, {}).ok());
    EXPECT_LE(RelativeDifference(published, graph, {1, 43, 64}), 1e-5) << static_cast<int>(family);
  }
}

}  // namespace
}  // namespace segforge
